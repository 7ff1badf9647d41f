"""Several hosts as one: they find each other, exchange facts, train together, and learn why one is missing.

The first host leads. Every other one keeps one connection to it, from its start to its end, over which they
exchange JSON lines; a connection that ends early is how a lost host is noticed, by name. XGBoost's own collective
(its tracker, ring and trees) comes on top once every host has its data, so that none of its time-outs has to cover
the loading. The tracker gets a free port because a port that it left cannot be bound again for a minute.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Sequence
from typing import Any

from .failures import PeerLost
from .log import say

PORT = 9099
_ARRIVAL = 3600.0  # s for all hosts to start; one may still be downloading its data
_REMIND = 60.0  # s between lines about hosts that are missing
_VERDICT = 10.0  # s to learn which host failed after the collective broke
_ROUND = 1800  # s that a host waits for another within one round
_LONGEST = 1 << 20  # bytes of one line; far above any that is sent
_FAILURE = "failure"

Facts = dict[str, Any]


class Group:
    """This host's view of the others. `rank` counts from 0, the leader."""

    def __init__(self, hosts: Sequence[str], rank: int) -> None:
        self.hosts = tuple(hosts)
        self.rank = rank
        self._lines: dict[str, _Lines] = {}  # the leader's to everyone; everyone's to the leader
        self._tracker: Any = None

    @property
    def leads(self) -> bool:
        """Whether this is the host that prints metrics and saves the model."""
        return self.rank == 0

    def meet(self) -> None:
        """Return when every host is there. Raises PeerLost when that takes an hour."""
        if self.leads:
            self._gather()
        else:
            self._arrive()

    def exchange(self, mine: Facts) -> list[Facts]:
        """What every host said, by rank; each host must call it equally often.

        Raises PeerLost, with that host's own words, when one of them failed instead.
        """
        if not self.leads:
            self._leader.send(mine)
            return list(self._heard(self.hosts[0])["all"])
        said = [mine, *(self._heard(host) for host in self.hosts[1:])]
        for host in self.hosts[1:]:
            self._lines[host].send({"all": said})
        return said

    def join(self) -> None:
        """Start XGBoost's collective on all hosts at once."""
        from xgboost import collective
        from xgboost.tracker import RabitTracker

        if self.leads:
            address = _address(self.hosts[0])
            self._tracker = RabitTracker(n_workers=len(self.hosts), host_ip=address, sortby="task")
            self._tracker.start()
            port = self._tracker.worker_args()["dmlc_tracker_port"]
        facts = self.exchange({"tracker": port} if self.leads else {})
        collective.init(
            dmlc_communicator="rabit",
            dmlc_tracker_uri=_address(self.hosts[0]),
            dmlc_tracker_port=int(facts[0]["tracker"]),
            dmlc_task_id=f"{self.rank:05d}",  # sorted as text, these make XGBoost's ranks ours
            dmlc_timeout=_ROUND,
        )

    def leave(self) -> None:
        """End XGBoost's collective, together with the others."""
        from xgboost import collective

        collective.finalize()
        if self._tracker is not None:
            self._tracker.wait_for(timeout=60)

    def fail(self, reason: str) -> None:
        """Tell the others why this host cannot go on."""
        for line in self._lines.values():
            with contextlib.suppress(OSError):
                line.send({_FAILURE: f"{reason} (On {self.hosts[self.rank]}.)"})

    def why(self) -> PeerLost:
        """The reason why the collective broke, found out within seconds: whom it is about, and its own words."""
        deadline = time.monotonic() + _VERDICT
        if not self.leads:
            try:
                self._leader.receive(deadline)
            except (PeerLost, TimeoutError) as reason:
                return PeerLost(_lost(self.hosts[0]) if isinstance(reason, TimeoutError) else str(reason))
            return PeerLost(_lost(self.hosts[0]))
        verdict = self._first_failure(deadline)
        self.fail_with(verdict)
        return verdict

    def fail_with(self, verdict: PeerLost) -> None:
        """Pass the leader's verdict on to the hosts that still listen."""
        for line in self._lines.values():
            with contextlib.suppress(OSError):
                line.send({_FAILURE: str(verdict)})

    @property
    def _leader(self) -> _Lines:
        return self._lines[self.hosts[0]]

    def _heard(self, host: str) -> Facts:
        try:
            return self._lines[host].receive(None)
        except PeerLost as lost:
            if self.leads:
                self.fail_with(lost)
            raise

    def _first_failure(self, deadline: float) -> PeerLost:
        """Go round the hosts until one has failed or is gone."""
        while time.monotonic() < deadline:
            for host in self.hosts[1:]:
                try:
                    self._lines[host].receive(time.monotonic() + 0.1)
                except TimeoutError:
                    continue
                except PeerLost as reason:
                    return reason
        return PeerLost(
            "AlgorithmError: The hosts lost contact with each other during training, though each still runs."
        )

    def _gather(self) -> None:
        deadline, reminder = time.monotonic() + _ARRIVAL, time.monotonic() + _REMIND
        with socket.create_server((_address(self.hosts[0]), PORT), backlog=len(self.hosts)) as server:
            server.settimeout(1.0)
            while missing := [host for host in self.hosts[1:] if host not in self._lines]:
                with contextlib.suppress(TimeoutError):
                    self._admit(server.accept()[0])
                if time.monotonic() > deadline:
                    raise PeerLost(
                        f"AlgorithmError: {', '.join(missing)} did not start within an hour of {self.hosts[0]}."
                    )
                if time.monotonic() > reminder:
                    say(f"Waiting for {', '.join(missing)}.")
                    reminder += _REMIND

    def _admit(self, connection: socket.socket) -> None:
        """Learn which host this is; drop whoever is not one of ours."""
        lines = _Lines(connection, "A host")
        try:
            host = lines.receive(time.monotonic() + 5).get("host")
        except (PeerLost, TimeoutError):
            host = None
        if host in self.hosts[1:] and host not in self._lines:
            lines.host = str(host)
            self._lines[lines.host] = lines
        else:
            connection.close()

    def _arrive(self) -> None:
        leader, deadline, pause = self.hosts[0], time.monotonic() + _ARRIVAL, 0.01
        while True:
            try:
                connection = socket.create_connection((_address(leader), PORT), timeout=5)
                break
            except OSError as problem:
                if time.monotonic() > deadline:
                    raise PeerLost(
                        f"AlgorithmError: {leader} did not answer at port {PORT} within an hour: {problem}."
                    ) from problem
                time.sleep(pause)
                pause = min(pause * 1.5, 1.0)
        self._lines[leader] = _Lines(connection, leader)
        self._leader.send({"host": self.hosts[self.rank]})


class _Lines:
    """JSON objects, one a line, over a connection to one host."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self.host = host
        self._connection = connection
        self._buffer = b""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # A machine that vanished without a word is noticed within 30 + 6 × 10 s.
        for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):
            if hasattr(socket, option):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def send(self, facts: Facts) -> None:
        """Send one object. Raises OSError."""
        self._connection.settimeout(60)
        self._connection.sendall(json.dumps(facts).encode() + b"\n")

    def receive(self, deadline: float | None) -> Facts:
        """The next object; by `deadline` (monotonic) if given, else TimeoutError.

        Raises PeerLost when the host reports a failure, ends, or sends what is no such object.
        """
        while b"\n" not in self._buffer:
            self._connection.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
            try:
                piece = self._connection.recv(65536)
            except TimeoutError:
                raise
            except OSError as problem:
                raise PeerLost(_lost(self.host)) from problem
            if not piece or len(self._buffer) > _LONGEST:
                raise PeerLost(_lost(self.host))
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            facts = json.loads(line)
        except ValueError:
            facts = None
        if not isinstance(facts, dict):
            raise PeerLost(f"AlgorithmError: {self.host} sent something unintelligible.")
        if _FAILURE in facts:
            raise PeerLost(str(facts[_FAILURE]))
        return facts


def _lost(host: str) -> str:
    return (
        f"AlgorithmError: {host} was lost: its program ended or its machine vanished. Its own log says more."
    )


def _address(host: str) -> str:
    """The IPv4 address of a host's name."""
    return socket.gethostbyname(host)
