"""How often, and after how long, a delivery is tried again: DeliveryPolicy of topics and subscriptions.

Source: SNS developer guide, "Amazon SNS message delivery retries", "Creating an HTTP/S delivery policy".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from .errors import invalid

DEFAULT: Mapping[str, Any] = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
CONTENT_TYPE = "text/plain; charset=UTF-8"
_FUNCTIONS = ("linear", "arithmetic", "geometric", "exponential")
_MOST, _LONGEST = 100, 3_600


def of_topic(text: str) -> dict[str, Any]:
    """A topic's policy. Raises InvalidParameter."""
    http = _object(text).get("http", {})
    _only(http, "defaultHealthyRetryPolicy", "disableSubscriptionOverrides", "defaultRequestPolicy")
    _check(http.get("defaultHealthyRetryPolicy"), http.get("defaultRequestPolicy"))
    return {"http": http}


def of_subscription(text: str) -> dict[str, Any]:
    """A subscription's policy. Raises InvalidParameter."""
    policy = _object(text)
    _only(policy, "healthyRetryPolicy", "requestPolicy")
    _check(policy.get("healthyRetryPolicy"), policy.get("requestPolicy"))
    return policy


def effective(topic: Mapping[str, Any], subscription: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The retry policy, and the content type, that hold for a subscription. Both are parsed policies, or empty."""
    http = topic.get("http", {})
    own = {} if http.get("disableSubscriptionOverrides") else subscription
    retry = {**DEFAULT, **http.get("defaultHealthyRetryPolicy", {}), **(own.get("healthyRetryPolicy") or {})}
    request = {**http.get("defaultRequestPolicy", {}), **(own.get("requestPolicy") or {})}
    return retry, request.get("headerContentType", CONTENT_TYPE)


def delay(policy: Mapping[str, Any], attempt: int) -> float | None:
    """Seconds until the next try, after `attempt` of them failed; None: there is none.

    At once, then after the shortest delay, then longer and longer, then after the longest.
    """
    low, high, retry = float(policy["minDelayTarget"]), float(policy["maxDelayTarget"]), attempt - 1
    share: float
    if retry >= policy["numRetries"]:
        return None
    if retry < policy["numNoDelayRetries"]:
        return 0.0
    retry -= policy["numNoDelayRetries"]
    if retry < policy["numMinDelayRetries"]:
        return low
    retry -= policy["numMinDelayRetries"]
    growing = policy["numRetries"] - sum(
        policy[name] for name in ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries")
    )
    if retry >= growing or growing <= 1:
        return high
    share = retry / (growing - 1)
    function = policy["backoffFunction"]
    if function == "arithmetic":
        share = share * (retry + 1) / growing
    elif function in ("geometric", "exponential") and low > 0:
        return min(low * float((high / low) ** share), high)
    return low + (high - low) * share


def _check(retry: Any, request: Any) -> None:
    if retry is not None:
        _only(retry, *DEFAULT)
        merged = {**DEFAULT, **retry}
        numbers = {name: value for name, value in merged.items() if name != "backoffFunction"}
        if any(type(value) is not int or value < 0 for value in numbers.values()):
            raise invalid("DeliveryPolicy", "delays and numbers of retries are whole and not negative")
        if merged["backoffFunction"] not in _FUNCTIONS:
            raise invalid("DeliveryPolicy", f"backoffFunction must be one of {', '.join(_FUNCTIONS)}")
        if not 1 <= merged["minDelayTarget"] <= merged["maxDelayTarget"] <= _LONGEST:
            raise invalid("DeliveryPolicy", f"1 <= minDelayTarget <= maxDelayTarget <= {_LONGEST} must hold")
        phases = sum(merged[name] for name in ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries"))
        if merged["numRetries"] > _MOST or phases > merged["numRetries"]:
            raise invalid("DeliveryPolicy", f"numRetries is at most {_MOST}, and no less than its phases together")
    if request is not None:
        _only(request, "headerContentType")
        if not isinstance(request.get("headerContentType", ""), str) or not request["headerContentType"].isprintable():
            raise invalid("DeliveryPolicy", "headerContentType must be a content type")


def _object(text: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise invalid("DeliveryPolicy", "it must be a JSON object")
    return value


def _only(value: Any, *members: str) -> None:
    """Nothing that is not known is passed over: Salvia throttles no deliveries, for instance."""
    if not isinstance(value, dict) or value.keys() - set(members):
        raise invalid("DeliveryPolicy", f"Salvia knows {', '.join(members)} here")
