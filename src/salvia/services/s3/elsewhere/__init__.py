"""Buckets of another S3, served under their own names: `salvia up --buckets s3://NAME?endpoint=…`.

::

    client ─▶ authenticate ─▶ parse ─▶ authorize ─▶ the same request, signed with our keys ─▶ the other S3
           ◀───────────────── its answer, as it flows ◀──────────────────────────────────────

Who may do what is decided here: identity policies, and the bucket policy and the block of public access that are put
here. The bytes, keys and versions are there. What is passed is named in `forward`; what is neither passed nor ours is
refused, never ignored.
"""
