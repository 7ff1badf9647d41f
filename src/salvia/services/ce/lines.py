"""The lines that a request is about, and pages of what is made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from salvia.control.call import Call
from salvia.control.cost import bill, sheet
from salvia.control.cost.bill import Line
from salvia.control.listing import decode_token, encode_token
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents, usage

from . import expressions
from .periods import Periods

T = TypeVar("T")
_TOKEN = "NextPageToken"  # noqa: S105 (a member)


async def over(call: Call, periods: Periods, make: Callable[[list[Line], int], T]) -> T:
    """What `make` makes, on a thread, of the lines of what was paid for within some periods, and of the time.

    Raises ValidationException for views and filters that there are not, and a price sheet that cannot be read any more.
    """
    if "BillingViewArn" in call.request:
        raise validation_error("Salvia has no billing views. Leave BillingViewArn out.")
    meant = expressions.test(call.request.get("Filter"))
    now = int(call.clock.now()) + 1  # a second that has begun counts
    until = min(now, periods.until)
    found = await usage.between(call.db, call.account, periods.since, until) if until > periods.since else []

    def work() -> T:
        prices = sheet.read(call.world.settings.prices)
        lines = bill.lines(found, periods.since, until, prices, step=periods.step)
        return make([line for line in lines if line.stretch.use.paid and meant(line)], now)

    try:
        return await asyncio.to_thread(work)
    except ValueError as error:
        raise validation_error(str(error)) from error


def start(call: Call) -> int:
    """Where the page that is asked for begins. Raises InvalidNextToken and RequestChanged."""
    token = call.request.get(_TOKEN)
    if not token:
        return 0
    try:
        at, asked = decode_token(token)
        if isinstance(at, int) and at > 0 and isinstance(asked, str):
            if asked == _asked(call):
                return at
            raise ServiceError(
                "RequestChangedException",
                "Your request parameters changed between pages. Try again with the old parameters or without a token.",
            )
    except (TypeError, ValueError):
        pass
    except ServiceError as error:
        if error.code == "RequestChangedException":
            raise
    raise ServiceError("InvalidNextTokenException", "Pass the NextPageToken of the last answer, unchanged.")


def more(call: Call, at: int) -> dict[str, str]:
    """The member that leads to the page which begins there."""
    return {_TOKEN: encode_token([at, _asked(call)])}


def _asked(call: Call) -> str:
    asked = {name: value for name, value in call.request.items() if name != _TOKEN}
    return sha256(documents.encode(asked).encode()).hexdigest()[:16]
