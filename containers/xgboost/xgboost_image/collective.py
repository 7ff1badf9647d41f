"""Several hosts that train one booster.

XGBoost's own collective (a tracker, and a ring of hosts) starts only when every host has its data, so that its
time-outs need not cover the loading. Its tracker gets any free port: one that it left cannot be bound for a minute.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from salvia_toolkit.algorithm import hosts as toolkit
from salvia_toolkit.algorithm.failures import PeerLostError

_ROUND = 1800  # s that a host waits for another's part of a round


class Group(toolkit.Group):
    """The hosts, with XGBoost's collective between `join` and `leave`."""

    def __init__(self, hosts: Sequence[str], rank: int) -> None:
        super().__init__(hosts, rank)
        self._tracker: Any = None

    def join(self, on_lost: toolkit.OnLost) -> None:
        """Start XGBoost's collective on all hosts at once. From now on they are watched, with `on_lost`."""
        from xgboost import collective
        from xgboost.tracker import RabitTracker

        address = toolkit.address(self.hosts[0])
        mine = {}
        if self.leads:
            self._tracker = RabitTracker(n_workers=len(self.hosts), host_ip=address, sortby="task")
            self._tracker.start()
            mine = {"port": int(self._tracker.worker_args()["dmlc_tracker_port"])}
        port = self.exchange(mine)[0]["port"]
        self.watch(on_lost)
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
