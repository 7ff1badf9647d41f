"""Several hosts as one: they find each other, exchange facts, train together, and learn why one is missing.

The first host leads. Every other one keeps one connection to it from start to end, over which they exchange
JSON lines; a connection that ends early is how a lost host is noticed, at once and by name. XGBoost's own
collective (a tracker, and a ring of hosts) starts only when every host has its data, so that its time-outs
need not cover the loading. Its tracker gets any free port: one that it left cannot be bound for a minute.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from .connection import Connection, Facts
from .failures import PeerLostError
from .log import say

PORT = 9099
_ARRIVAL = 3600.0  # s for all hosts to start; one may still be downloading its data
_REMIND = 60.0  # s between lines about hosts that are missing
_VERDICT = 10.0  # s for the connections to tell which host was lost, after XGBoost noticed that one was
_ROUND = 1800  # s that a host waits for another's part of a round

OnLost = Callable[[PeerLostError], None]


class Group:
    """This host's view of the others. `rank` counts from 0, the leader."""

    def __init__(self, hosts: Sequence[str], rank: int) -> None:
        self.hosts = tuple(hosts)
        self.rank = rank
        self._connections: dict[str, Connection] = {}  # the leader's to everyone; everyone's to the leader
        self._tracker: Any = None
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
        try:
            said = [mine, *(self._connections[host].receive() for host in self.hosts[1:])]
        except PeerLostError as lost:
            self._tell(str(lost))
            raise
        for connection in self._connections.values():
            connection.send({"all": said})
        return said

    def join(self, on_lost: OnLost) -> None:
        """Start XGBoost's collective on all hosts at once.

        From now on `on_lost` is called, on a thread of its own, when another host fails or vanishes: the main
        thread may then be inside XGBoost, where it would wait for a long time.
        """
        from xgboost import collective
        from xgboost.tracker import RabitTracker

        address = _address(self.hosts[0])
        mine = {}
        if self.leads:
            self._tracker = RabitTracker(n_workers=len(self.hosts), host_ip=address, sortby="task")
            self._tracker.start()
            mine = {"port": int(self._tracker.worker_args()["dmlc_tracker_port"])}
        port = self.exchange(mine)[0]["port"]
        threading.Thread(target=self._watch, args=(on_lost,), name="watch", daemon=True).start()
        collective.init(
            dmlc_communicator="rabit",
            dmlc_tracker_uri=address,
            dmlc_tracker_port=port,
            dmlc_task_id=f"{self.rank:05d}",  # sorted as text, these make XGBoost's ranks ours
            dmlc_timeout=_ROUND,
        )

    def leave(self) -> None:
        """End XGBoost's collective, together with the others: the last thing that a host does."""
        from xgboost import collective

        if not self.leads:
            self._leader.part()
        collective.finalize()
        if self._tracker is not None:
            self._tracker.wait_for(timeout=60)
            for connection in self._connections.values():
                with contextlib.suppress(PeerLostError):
                    connection.part()
        self._left.set()

    def fail(self, reason: str) -> None:
        """Tell the others why this host cannot go on."""
        self._tell(f"{reason} (On {self.hosts[self.rank]}.)")

    def broken(self) -> PeerLostError:
        """What to say when XGBoost lost a host, and the connections did not tell within seconds which."""
        time.sleep(_VERDICT)
        return PeerLostError("AlgorithmError: The hosts lost contact with each other, though each still runs.")

    @property
    def _leader(self) -> Connection:
        return self._connections[self.hosts[0]]

    def _tell(self, reason: str) -> None:
        for connection in self._connections.values():
            with contextlib.suppress(PeerLostError):
                connection.send_failure(reason)

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

    def _gather(self) -> None:
        deadline, reminder = time.monotonic() + _ARRIVAL, time.monotonic() + _REMIND
        with socket.create_server((_address(self.hosts[0]), PORT), backlog=len(self.hosts)) as server:
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
                connected = socket.create_connection((_address(leader), PORT), timeout=5)
                break
            except OSError as problem:
                if time.monotonic() > deadline:
                    raise PeerLostError(f"AlgorithmError: {leader} did not start within an hour.") from problem
                time.sleep(pause)
                pause = min(pause * 1.5, 1.0)
        self._connections[leader] = Connection(connected, leader)
        self._leader.send({"host": self.hosts[self.rank]})


def _address(host: str) -> str:
    """The IPv4 address of a host's name."""
    return socket.gethostbyname(host)
