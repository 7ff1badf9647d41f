"""One host's connection to another: JSON objects, one a line, of which some announce the bytes of an array."""

from __future__ import annotations

import json
import socket
from typing import Any

import numpy as np

from ..formats.matrix import Array
from .failures import PeerLostError

Facts = dict[str, Any]

_LONGEST = 1 << 20  # bytes of one line; far above any that is sent
_FAILURE, _PARTING = "failure", "parting"


class Connection:
    """A connection to `host`; `parted` once that host has said that it is done."""

    def __init__(self, connected: socket.socket, host: str) -> None:
        self.host = host
        self.parted = False
        self._socket = connected
        self._buffer = b""
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # A machine that vanished without a word is noticed within 30 + 6 × 10 s.
        for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):
            if hasattr(socket, option):
                connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def fileno(self) -> int:
        """For select()."""
        return self._socket.fileno()

    def send(self, facts: Facts) -> None:
        """Send one object. Raises PeerLostError when nobody is there to receive it."""
        try:
            self._socket.sendall(json.dumps(facts).encode() + b"\n")
        except OSError as problem:
            raise self._lost() from problem

    def send_array(self, array: Array) -> None:
        """Send an array: its type and shape, then its bytes."""
        self.send({"type": array.dtype.str, "shape": array.shape})
        try:
            self._socket.sendall(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
        except OSError as problem:
            raise self._lost() from problem

    def receive_array(self) -> Array:
        """The next array. Raises PeerLostError as `receive`."""
        told = self.receive()
        array = np.empty(told["shape"], np.dtype(told["type"]))
        content = memoryview(array.reshape(-1).view(np.uint8))
        filled = min(len(self._buffer), len(content))
        content[:filled], self._buffer = self._buffer[:filled], self._buffer[filled:]
        while filled < len(content):
            try:
                count = self._socket.recv_into(content[filled:])
            except OSError as problem:
                raise self._lost() from problem
            if not count:
                raise self._lost()
            filled += count
        return array

    def send_failure(self, reason: str) -> None:
        """Say that this host, or one that it speaks for, has failed."""
        self.send({_FAILURE: reason})

    def part(self) -> None:
        """Say that this host is done, so that its going is no loss."""
        self.send({_PARTING: True})

    def receive(self, within: float | None = None) -> Facts:
        """The next object; within so many seconds, if given, else TimeoutError.

        Raises PeerLostError when the host reports a failure, ends, or sends what is no such object.
        """
        self._socket.settimeout(within)
        while b"\n" not in self._buffer:
            try:
                piece = self._socket.recv(65536)
            except TimeoutError:
                raise
            except OSError as problem:
                raise self._lost() from problem
            if not piece or len(self._buffer) > _LONGEST:
                raise self._lost()
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            facts = json.loads(line)
        except ValueError:
            facts = None
        if not isinstance(facts, dict):
            raise PeerLostError(f"AlgorithmError: {self.host} sent something unintelligible.")
        if _FAILURE in facts:
            raise PeerLostError(str(facts[_FAILURE]))
        self.parted = self.parted or _PARTING in facts
        return facts

    def _lost(self) -> PeerLostError:
        return PeerLostError(
            f"AlgorithmError: {self.host} was lost: its program ended or its machine vanished. See its log."
        )
