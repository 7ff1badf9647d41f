"""When a delivery is tried again. Expectations: SNS developer guide, "Creating an HTTP/S delivery policy"."""

from __future__ import annotations

import pytest

from salvia.core.errors import ServiceError
from salvia.services.sns.retries import DEFAULT, delay, effective, of_subscription, of_topic


def delays(**policy: object) -> list[float | None]:
    merged = {**DEFAULT, **policy}
    return [delay(merged, attempt) for attempt in range(1, int(merged["numRetries"]) + 2)]


def test_the_default_is_three_more_every_twenty_seconds() -> None:
    assert delays() == [20.0, 20.0, 20.0, None]


def test_phases_follow_each_other() -> None:
    """At once, at the shortest delay, growing, at the longest."""
    found = delays(
        minDelayTarget=1,
        maxDelayTarget=60,
        numRetries=9,
        numNoDelayRetries=2,
        numMinDelayRetries=2,
        numMaxDelayRetries=2,
    )
    assert found == [0.0, 0.0, 1.0, 1.0, 1.0, 30.5, 60.0, 60.0, 60.0, None]


@pytest.mark.parametrize("function", ["linear", "arithmetic", "geometric", "exponential"])
def test_every_back_off_grows_from_the_shortest_to_the_longest(function: str) -> None:
    found = [one for one in delays(minDelayTarget=2, maxDelayTarget=50, numRetries=8, backoffFunction=function) if one]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (2.0, 50.0)


def test_a_subscriptions_policy_wins_unless_the_topic_forbids_it() -> None:
    topic = of_topic('{"http":{"defaultHealthyRetryPolicy":{"numRetries":5}}}')
    own = of_subscription('{"healthyRetryPolicy":{"numRetries":7},"requestPolicy":{"headerContentType":"text/csv"}}')
    assert effective(topic, {})[0]["numRetries"] == 5
    assert (effective(topic, own)[0]["numRetries"], effective(topic, own)[1]) == (7, "text/csv")
    topic["http"]["disableSubscriptionOverrides"] = True
    assert effective(topic, own)[0]["numRetries"] == 5


@pytest.mark.parametrize(
    "policy",
    [
        *("[]", '{"throttlePolicy":{"maxReceivesPerSecond":1}}', '{"healthyRetryPolicy":{"numRetries":101}}'),
        *('{"healthyRetryPolicy":{"minDelayTarget":30}}', '{"healthyRetryPolicy":{"backoffFunction":"x"}}'),
    ],
)
def test_what_is_no_policy(policy: str) -> None:
    with pytest.raises(ServiceError, match="DeliveryPolicy"):
        of_subscription(policy)
