"""Algorithms of one's own: `api` takes them in, `lifecycle` runs the jobs of their validation profiles (`profile`).

no profile ─────────────────────────────▶ Completed
Pending ─▶ InProgress (its jobs run) ─▶ Completed | Failed
Deleting (while its jobs stop) ─▶ gone
"""

from salvia.control.resource import Resource

ALGORITHM = Resource(
    noun="Algorithm",
    key="AlgorithmName",
    arn="algorithm/{AlgorithmName}",
    state="AlgorithmStatus",
    terminal=frozenset({"Completed", "Failed"}),
    called="algorithm",
    operations=frozenset({"Describe", "List"}),
)
