"""The proxy: clients that have AWS's host names built in reach Salvia through it.

::

    CONNECT host:port ── connection ──> door: who asks, and whither?
                                          │
                       AWS's name ────────┼──> TLS with a certificate by `authority`, then the same application
                       any other ─────────┴──> outside (through an upstream proxy, where one is set) ── tunnel

Source: RFC 9110, section 9.3.6.
"""

from .authority import Authority, new_authority
from .connection import Connection
from .door import Guest, Proxy
from .outside import Outside
from .splitter import Splitter

__all__ = ["Authority", "Connection", "Guest", "Outside", "Proxy", "Splitter", "new_authority"]
