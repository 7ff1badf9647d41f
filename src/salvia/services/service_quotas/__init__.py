"""Service Quotas: what accounts may have at once, and more of it for the asking."""
