"""AWS CloudTrail: who did what, looked up or delivered to a bucket.

`control.audit` records; this room answers for what was recorded.
"""
