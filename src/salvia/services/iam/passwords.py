"""What is kept of users' passwords: an argon2id hash, with a salt of its own, in a document that belongs to its user.

A profile's status holds `Hash`, `Previous`, those before it, newest first, and when the password was last `ChangedAt`
and `UsedAt`. No answer shows a hash.

A hash takes tens of milliseconds of a core on purpose: on a thread, and a few at a time, so that whoever guesses
passwords takes neither the event loop nor the machine. Source of the costs: OWASP, "Password Storage Cheat Sheet".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from salvia.store import documents
from salvia.store.db import Reader
from salvia.store.documents import Document

if TYPE_CHECKING:
    from argon2 import PasswordHasher

KIND = "iam:LoginProfile"
# Nobody's: its salt and its hash are made up. To refuse an unknown user takes as long as a wrong password.
NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$bm9ib2R5IGhhcyBhIHBhc3N3b3JkIGxpa2UgdGhpcy4"
_AT_ONCE = asyncio.Semaphore(2)


def of(db: Reader, user: Document) -> Document | None:
    """A user's login profile, if it has one."""
    return documents.find(db, KIND, user.account, "", user.id)


def last_used(db: Reader, users: Sequence[Document]) -> dict[str, dict[str, Any]]:
    """By the id of each user who ever signed in: the member of its description that says when."""
    if not users:
        return {}
    names = {f"n{number}": user.id for number, user in enumerate(users)}
    marks = ", ".join(f":{name}" for name in names)
    rows = db.all(
        f"SELECT name, status FROM documents WHERE kind = :kind AND account = :account AND region = '' "  # noqa: S608
        f"AND name IN ({marks})",
        {"kind": KIND, "account": users[0].account, **names},
    )
    found = {row["name"]: documents.decode(row["status"]).get("UsedAt") for row in rows}
    return {user: {"PasswordLastUsed": at} for user, at in found.items() if at is not None}


async def hashed(password: str) -> str:
    """What to keep of a password."""
    async with _AT_ONCE:
        return await asyncio.to_thread(lambda: _hasher().hash(password))


async def matches(kept: str, password: str) -> bool:
    """Whether that was kept of this password; either answer takes as long."""
    async with _AT_ONCE:
        return await asyncio.to_thread(_matches, kept, password)


def _matches(kept: str, password: str) -> bool:
    from argon2.exceptions import VerifyMismatchError

    try:
        return _hasher().verify(kept, password)
    except VerifyMismatchError:
        return False


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # a twentieth of a second, which only passwords need

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
