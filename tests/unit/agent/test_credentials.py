"""Role credentials and when they are renewed; botocore asks again 15 minutes before they expire."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from salvia.agent.credentials import RoleCredentials

from .world import eventually

HOUR = 3600.0


class Issuer:
    """A gateway that numbers the sets it issues, each good for an hour; it can be away."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self.issued = 0
        self.there = threading.Event()
        self.there.set()

    def issue(self) -> dict[str, str]:
        self.there.wait(10)
        self.issued += 1
        expires = datetime.fromtimestamp(self.time + HOUR, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"AccessKeyId": f"K{self.issued}", "SecretAccessKey": "s", "Token": "t", "Expiration": expires}


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def role(issuer: Issuer) -> RoleCredentials:
    return RoleCredentials(issuer.issue, lambda: issuer.time)


def test_one_set_serves_until_it_is_due(issuer, role):
    """Twenty minutes before expiry, so that an SDK that asks never gets what it finds too old."""
    role.current()
    issuer.time += HOUR - 21 * 60
    assert (role.current().access_key, issuer.issued) == ("K1", 1)
    issuer.time += 2 * 60
    role.current()
    eventually(lambda: role.current().access_key == "K2")


def test_a_set_that_is_still_good_is_given_while_the_gateway_is_away(issuer, role):
    """An SDK waits two seconds for its credentials; a gateway may be away for longer."""
    role.current()
    issuer.there.clear()
    issuer.time += HOUR - 10 * 60
    assert [role.current().access_key for _ in range(3)] == ["K1"] * 3
    issuer.there.set()
    eventually(lambda: role.current().access_key == "K2")
    assert issuer.issued == 2


def test_a_set_about_to_expire_is_not_given_any_more(issuer, role):
    """A request may be under way for a while; one that is signed with it would be refused."""
    role.current()
    issuer.time += HOUR - 30
    assert role.current().access_key == "K2"


def test_a_set_that_was_refused_is_replaced(issuer, role):
    """The service says ExpiredToken before our clock does."""
    role.current()
    role.discard()
    assert role.current().access_key == "K2"
