"""What a job may fail of, told apart by whose affair it is."""

from __future__ import annotations


class ClientError(Exception):
    """The request or its data is wrong; the text says what, where, and what to do about it."""


class PeerLostError(Exception):
    """Another host of the job failed or vanished, so this one cannot go on."""
