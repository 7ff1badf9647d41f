"""Studio's host: the page, sign-in, and the APIs of every service for who is signed in.

::

    HttpRequest ─ Host: studio.DOMAIN ─▶ door ─┬─ POST /        ─▶ control.chain, as the session's principal
                                               ├─ /_session, …  ─▶ routes
                                               └─ GET           ─▶ assets

What a browser is told here, it may do as its user: nothing that a user stored or a notebook made is ever served from
this host.
"""
