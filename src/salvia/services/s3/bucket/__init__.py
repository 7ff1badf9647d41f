"""Buckets: create, list, delete, and what can be configured about them."""
