"""Where bytes live. Names, versions and everything else that can be asked about an object live in SQL."""
