"""The invoke path: from a request to an endpoint to the answer of a model.

::

    routes (a row an endpoint) ─▶ Endpoint ─ variant ─ fleet ─ replica ─ containers      endpoint, balance
                                                                  │
    Invocation ── one request, its second try, its pipeline ──▶ Pool ── Wire ── model    invocation, pool, wire
         │
         ├─▶ Meters    CloudWatch, /_metrics                                             meters
         └─▶ Capture   JSON lines in S3                                                  capture

What a process knows of all this is its `Traffic`. Nothing here awaits: a request is a small object that connections
call back, because a task a request would cost as much as everything else (docs/invoke.md).
"""
