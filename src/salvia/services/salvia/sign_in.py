"""CreateSignInLink: a link by which whoever asks signs in to Studio as whom they are."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.studio import links


@operation("CreateSignInLink")
async def create_sign_in_link(call: Call) -> dict[str, Any]:
    """A link that is good once, for five minutes. Its session has the caller's rights, and ends no later than the
    caller's credentials.
    """
    expires = call.clock.wall() + links.SECONDS
    url = await links.make(call.world, links.of_caller(call.world, call.caller))
    return {"AuthorizedUrl": url, "ExpiresAt": expires}
