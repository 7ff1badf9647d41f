"""Which events a trail wants: of its account and regions, while it is logging, and as its selectors say."""

from __future__ import annotations

from dataclasses import dataclass

from salvia.store.events import Event

from .selectors import Selection

# Services without regions: a trail of one region may have their events, too.
_GLOBAL = frozenset({"iam.amazonaws.com", "sts.amazonaws.com"})


@dataclass(frozen=True, slots=True)
class Subscription:
    """A trail as recording sees it. `region` is empty for one of all regions; `since` and `until` bound its logging."""

    id: str
    account: str
    region: str
    everywhere: bool
    since: float | None
    until: float | None
    selection: Selection

    def wants(self, event: Event) -> bool:
        """Whether the event is to be delivered."""
        record = event.record
        return (
            record["recipientAccountId"] == self.account
            and self._covers(record["awsRegion"], record["eventSource"])
            and self.since is not None
            and int(self.since) <= event.at
            and (self.until is None or event.at <= self.until)
            and self.selection.selects(record)
        )

    def wants_data(self, kind: str) -> bool:
        """Whether data events of such a resource may be wanted: asked before one is made."""
        return self.until is None and self.since is not None and kind in self.selection.data_types

    def _covers(self, region: str, source: str) -> bool:
        return self.region in ("", region) or (self.everywhere and source in _GLOBAL)
