"""Amazon CloudWatch metrics: what jobs and endpoints measured, and its statistics."""
