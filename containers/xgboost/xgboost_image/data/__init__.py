"""Channels into tables: one module a content type."""
