"""Objects: put, get, delete, copy, attributes, tags, and the one ACL that there is."""
