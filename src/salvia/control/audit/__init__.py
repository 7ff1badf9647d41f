"""The audit trail: what was asked, by whom, from where, and how it was answered, as CloudTrail records it.

::

    a call that changes something ── its change and a note of it: one commit ──┐
    any call ── answered ── a line in this process's journal, by one write ────┴─ every 100 ms ─▶ events
    a call that was denied ── committed, then answered ────────────────────────────────────────▶ events

So an answer that a client has seen is recorded even when the process is killed right after it; and a change, or a
denial, even when the machine is. `kinds` says what is an event at all, `record` what one looks like.
"""

from .console import signed_in
from .journal import Journal
from .kinds import DATA_TYPES
from .trail import Draft, draft, finish, riding, unproved, wanted

__all__ = ["DATA_TYPES", "Draft", "Journal", "draft", "finish", "riding", "signed_in", "unproved", "wanted"]
