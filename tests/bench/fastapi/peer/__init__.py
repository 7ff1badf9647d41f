"""The peer."""
