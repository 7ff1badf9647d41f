"""The proxy: clients that have AWS's host names built in reach Salvia through it.

::

    CONNECT host:port ── connection ──> door: who asks, and whither?
                                          │
                       AWS's name ────────┼──> TLS with a certificate by `authority`, then the same application
                       any other ─────────┴──> outside (through an upstream proxy, where one is set) ── tunnel

Source: RFC 9110, section 9.3.6.
"""
