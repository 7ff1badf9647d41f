"""Amazon CloudWatch Logs: groups, streams and their events, read back in the order of their time."""
