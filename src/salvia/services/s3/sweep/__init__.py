"""Bytes that nobody uses any more: deleted a while after their last use, so that readers can finish.

Two ways lead here. An object that was deleted or replaced leaves a blob whose count of uses is 0. An upload that
broke off between its bytes and its row, as when a gateway is killed, leaves a blob without a row.
"""

from salvia.control.resource import Resource, Scope

SWEEP = Resource(
    noun="Sweep",
    service="s3",
    scope=Scope.PARTITION,
    key="Name",
    arn="sweep/{Name}",
    operations=frozenset(),
    taggable=False,
)
