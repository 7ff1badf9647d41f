"""Signing in with a password. Expectations: IAM user guide, "Set an account password policy for IAM users"."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

ACCOUNT = "123456789012"
GOOD, BETTER = "Correct-horse-1", "Correct-horse-2"
WRONG = "Your authentication information is incorrect. Please try again."
DAY = 86_400


@pytest.fixture
def ann(rooms: Any) -> Any:
    """A user with a password; `ann(password, new)` signs in."""
    rooms("iam", "CreateUser", UserName="Ann", Tags=[{"Key": "team", "Value": "red"}])
    rooms("iam", "CreateLoginProfile", UserName="Ann", Password=GOOD)
    return lambda password, new="": rooms.run(rooms.world.providers.sign_in(ACCOUNT, "ann", password, new))


def test_who_knows_the_password_is_the_user(rooms: Any, ann: Any) -> None:
    caller = ann(GOOD).caller
    assert (caller.kind, caller.arn) == ("user", f"arn:aws:iam::{ACCOUNT}:user/Ann")
    assert caller.context == {"aws:principaltag/team": "red"}
    assert rooms("iam", "GetUser", UserName="Ann")["User"]["PasswordLastUsed"] == rooms.wall
    (listed,) = rooms("iam", "ListUsers")["Users"]
    assert listed["PasswordLastUsed"] == rooms.wall


@pytest.mark.parametrize("name", ["ann", "nobody", "unsigned", "", "\x00", "a" * 65])
def test_who_does_not_learns_nothing(rooms: Any, ann: Any, name: str) -> None:
    rooms("iam", "CreateUser", UserName="unsigned")
    sign_in = rooms.world.providers.sign_in
    for password in ("Wrong-horse-1", "", GOOD[:-1], GOOD + "\x00", "x" * 129):
        answer = rooms.run(sign_in(ACCOUNT, name, password, BETTER))
        assert (answer.caller, answer.why, answer.change) == (None, WRONG, False)


def test_it_takes_as_long_for_nobody_as_for_somebody(rooms: Any, ann: Any) -> None:
    """Of processor time, which others on the machine do not stretch."""

    def spent(name: str) -> float:
        before = time.process_time()
        for _ in range(5):
            rooms.run(rooms.world.providers.sign_in(ACCOUNT, name, "Wrong-horse-1"))
        return time.process_time() - before

    spent("ann")
    assert 0.5 < spent("nobody") / spent("ann") < 2


def test_the_loop_runs_on_meanwhile(rooms: Any, ann: Any) -> None:
    async def ticks() -> int:
        signing = asyncio.create_task(rooms.world.providers.sign_in(ACCOUNT, "ann", GOOD))
        seen = 0
        while not signing.done():
            await asyncio.sleep(0)
            seen += 1
        return seen

    assert rooms.run(ticks()) > 20


def test_who_must_change_it_does_so_while_signing_in(rooms: Any, ann: Any) -> None:
    """By the right to iam:ChangePassword, which the user has or the account gives."""
    rooms("iam", "UpdateLoginProfile", UserName="Ann", PasswordResetRequired=True)
    first = ann(GOOD)
    assert (first.caller, first.change) == (None, True)
    refused = ann(GOOD, BETTER)
    assert "not authorized to perform: iam:ChangePassword" in refused.why
    rooms("iam", "UpdateAccountPasswordPolicy", AllowUsersToChangePassword=True, PasswordReusePrevention=1)
    assert "may not be used again" in ann(GOOD, GOOD).why
    assert ann(GOOD, BETTER).caller is not None
    assert ann(BETTER).caller is not None
    assert ann(GOOD).why == WRONG


def test_a_password_expires(rooms: Any, ann: Any) -> None:
    """At once, where the policy comes later than the password."""
    rooms.wall += 90 * DAY - 1
    rooms("iam", "UpdateAccountPasswordPolicy", MaxPasswordAge=90, AllowUsersToChangePassword=True)
    assert ann(GOOD).caller is not None
    rooms.wall += 1
    assert ann(GOOD).change
    assert ann(GOOD, BETTER).caller is not None
    assert ann(BETTER).caller is not None


def test_after_hard_expiry_only_an_administrator_helps(rooms: Any, ann: Any) -> None:
    rooms("iam", "UpdateAccountPasswordPolicy", MaxPasswordAge=1, AllowUsersToChangePassword=True, HardExpiry=True)
    rooms.wall += DAY
    expired = ann(GOOD, BETTER)
    assert (expired.caller, expired.change) == (None, False)
    assert "administrator" in expired.why
    rooms("iam", "UpdateLoginProfile", UserName="Ann", Password=BETTER)
    assert ann(BETTER).caller is not None


def test_two_changes_at_once_are_one(rooms: Any, ann: Any) -> None:
    """EntityTemporarilyUnmodifiable; API_ChangePassword."""
    rooms("iam", "UpdateAccountPasswordPolicy", AllowUsersToChangePassword=True)

    async def both() -> list[Any]:
        sign_in = rooms.world.providers.sign_in
        return await asyncio.gather(*(sign_in(ACCOUNT, "ann", GOOD, new) for new in (BETTER, "Other-horse-3")))

    answers = rooms.run(both())
    assert sorted(one.caller is not None for one in answers) == [False, True]
