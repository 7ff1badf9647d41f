"""Several hosts as one: they find each other, exchange facts and sums, and learn why one is missing.

The first host leads. Every other one keeps one connection to it from start to end; a connection that ends early is how
a lost host is noticed, at once and by name. All hosts call `exchange`, `total` and `gather` in the same order.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..formats.matrix import Array
from .connection import Connection, Facts
from .failures import PeerLostError
from .log import say

PORT = 9099
_ARRIVAL = 3600.0  # s for all hosts to start; one may still be downloading its data
_REMIND = 60.0  # s between lines about hosts that are missing
_VERDICT = 10.0  # s for the connections to tell which host was lost, after a library noticed that one was

OnLost = Callable[[PeerLostError], None]


class Group:
    """This host's view of the others. `rank` counts from 0, the leader; a host may be alone."""

    def __init__(self, hosts: Sequence[str], rank: int) -> None:
        self.hosts = tuple(hosts)
        self.rank = rank
        self._connections: dict[str, Connection] = {}  # the leader's to everyone; everyone's to the leader
        self._watcher: threading.Thread | None = None
        self._left = threading.Event()

    @property
    def leads(self) -> bool:
        """Whether this is the host that prints metrics and saves the model."""
        return self.rank == 0

    def meet(self) -> None:
        """Return when every host is there. Raises PeerLostError when that takes an hour."""
        if self.leads:
            self._gather()
        else:
            self._arrive()

    def exchange(self, mine: Facts) -> list[Facts]:
        """What every host said, by rank; each host must call it equally often.

        Raises PeerLostError, in that host's own words, when one of them failed instead.
        """
        if not self.leads:
            self._leader.send(mine)
            return list(self._leader.receive()["all"])
        said = [mine, *self._from_all(Connection.receive)]
        for connection in self._connections.values():
            connection.send({"all": said})
        return said

    def total(self, mine: Array) -> Array:
        """The sum of every host's array of the same shape, in the same order everywhere: all have the same bits."""
        return self._together(np.asarray(mine, np.float64), lambda every: np.sum(every, axis=0))

    def gather(self, mine: Array) -> Array:
        """Every host's rows below one another, by rank."""
        return self._together(mine, np.concatenate)

    def fail(self, reason: str) -> None:
        """Tell the others why this host cannot go on."""
        self._tell(f"{reason} (On {self.hosts[self.rank]}.)")

    def watch(self, on_lost: OnLost) -> None:
        """From now on `on_lost` is called, on a thread of its own, when another host fails or vanishes.

        The main thread may then be inside a library's own collective, where it would wait for a long time. Nothing is
        exchanged any more.
        """
        self._watcher = threading.Thread(target=self._watch, args=(on_lost,), name="watch", daemon=True)
        self._watcher.start()

    def broken(self) -> PeerLostError:
        """What to say when a library lost a host, and the connections did not tell within seconds which."""
        time.sleep(_VERDICT)
        return PeerLostError("AlgorithmError: The hosts lost contact with each other, though each still runs.")

    def part(self) -> None:
        """End, together with the others: the last thing that a host does."""
        if self._watcher is not None and self.leads:
            self._watcher.join()
        elif self.leads:
            with contextlib.suppress(PeerLostError):
                self._from_all(Connection.receive)
        else:
            self._left.set()
            self._leader.part()

    def _together(self, mine: Array, join: Callable[[list[Array]], Array]) -> Array:
        if len(self.hosts) == 1:
            return join([mine])
        if not self.leads:
            self._leader.send_array(mine)
            return self._leader.receive_array()
        joined = join([mine, *self._from_all(Connection.receive_array)])
        for connection in self._connections.values():
            connection.send_array(joined)
        return joined

    def _from_all(self, receive: Callable[[Connection], Any]) -> list[Any]:
        """What each of the others sends to the leader. Of one that failed, all learn."""
        try:
            return [receive(self._connections[host]) for host in self.hosts[1:]]
        except PeerLostError as lost:
            self._tell(str(lost))
            raise

    def _watch(self, on_lost: OnLost) -> None:
        """Follow every connection until its host parts; pass on what one of them says of its failure."""
        watched = list(self._connections.values())
        while watched and not self._left.is_set():
            for connection in select.select(watched, [], [], 1.0)[0]:
                try:
                    connection.receive()
                except PeerLostError as lost:
                    if connection.parted:
                        watched.remove(connection)
                        continue
                    if self.leads:
                        self._tell(str(lost))
                    if not self._left.is_set():
                        on_lost(lost)
                    return

    @property
    def _leader(self) -> Connection:
        return self._connections[self.hosts[0]]

    def _tell(self, reason: str) -> None:
        for connection in self._connections.values():
            with contextlib.suppress(PeerLostError):
                connection.send_failure(reason)

    def _gather(self) -> None:
        if len(self.hosts) == 1:
            return
        deadline, reminder = time.monotonic() + _ARRIVAL, time.monotonic() + _REMIND
        with socket.create_server((address(self.hosts[0]), PORT), backlog=len(self.hosts)) as server:
            server.settimeout(1.0)
            while missing := [host for host in self.hosts[1:] if host not in self._connections]:
                with contextlib.suppress(TimeoutError):
                    self._admit(server.accept()[0])
                if time.monotonic() > deadline:
                    raise PeerLostError(f"AlgorithmError: {', '.join(missing)} did not start within an hour.")
                if time.monotonic() > reminder:
                    say(f"Waiting for {', '.join(missing)}.")
                    reminder += _REMIND

    def _admit(self, accepted: socket.socket) -> None:
        """Learn which host this is; drop whoever is not one of ours."""
        connection = Connection(accepted, "a host")
        try:
            host = connection.receive(within=5.0).get("host")
        except (PeerLostError, TimeoutError):
            host = None
        if host in self.hosts[1:] and host not in self._connections:
            connection.host = str(host)
            self._connections[connection.host] = connection
        else:
            accepted.close()

    def _arrive(self) -> None:
        leader, deadline, pause = self.hosts[0], time.monotonic() + _ARRIVAL, 0.01
        while True:
            try:
                connected = socket.create_connection((address(leader), PORT), timeout=5)
                break
            except OSError as problem:
                if time.monotonic() > deadline:
                    raise PeerLostError(f"AlgorithmError: {leader} did not start within an hour.") from problem
                time.sleep(pause)
                pause = min(pause * 1.5, 1.0)
        self._connections[leader] = Connection(connected, leader)
        self._leader.send({"host": self.hosts[self.rank]})


def address(host: str) -> str:
    """The IPv4 address of a host's name."""
    return socket.gethostbyname(host)
