"""Content types, in and out: a module each, with `decode` and `encode`."""
