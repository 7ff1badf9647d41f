"""Objects in S3, read and written with the rights of an endpoint's execution role, through the chain as anybody's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from salvia.control import chain
from salvia.control.providers import RoleCredentials
from salvia.core.canonical import escaped, escaped_path
from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest, HttpResponse
from salvia.core.sigv4 import UNSIGNED_PAYLOAD, Credentials, sign
from salvia.objectstore.bucket import Answer, refusal
from salvia.store.db import Transaction

if TYPE_CHECKING:
    from salvia.control.world import World

_SESSION_SECONDS = 3600
_RENEW_SECONDS = 300
_STALE = ("InvalidAccessKeyId", "ExpiredToken", "InvalidToken")  # the role was made anew, say: another try has new ones


class Owner(NamedTuple):
    """For whom objects are touched: an endpoint's document, its region, and the role."""

    endpoint: str
    region: str
    role: str


class Got(NamedTuple):
    """An object: its size, its type, and its bytes as they come."""

    length: int
    content_type: str
    body: AsyncIterator[bytes]


class Objects:
    """The process's sessions of execution roles, and what is done in them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions: dict[tuple[str, str], RoleCredentials] = {}

    async def get(self, owner: Owner, bucket: str, key: str) -> Got:
        """An object. Raises what S3 says."""
        response = await self._ask(owner, "GET", bucket, key, {}, b"")
        headers = Headers(response.headers)
        return Got(int(headers["content-length"]), headers.get("content-type") or "", _blocks(response.body))

    async def put(
        self,
        owner: Owner,
        location: tuple[str, str],
        content_type: str,
        body: bytes | AsyncIterator[bytes],
        length: int,
        along: Callable[[Transaction], None] = lambda tx: None,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Store an object, and `along` in the same transaction: after it where the bucket is another S3's.

        `more` are further headers.

        Raises what S3 says, or `along`.
        """
        rode = False

        def riding(tx: Transaction) -> None:
            nonlocal rode
            along(tx)
            rode = True

        headers = {"Content-Length": str(length), **more}
        if content_type:
            headers["Content-Type"] = content_type
        await self._ask(owner, "PUT", *location, headers, body, riding)
        if not rode:
            await self._world.db.write(along)

    async def _ask(
        self,
        owner: Owner,
        method: str,
        bucket: str,
        key: str,
        more: dict[str, str],
        body: bytes | AsyncIterator[bytes],
        along: Callable[[Transaction], None] | None = None,
    ) -> HttpResponse:
        issued = await self._session(owner)
        path = f"/{escaped(bucket)}/{escaped_path(key)}"
        headers = {"Host": "s3", **more}
        credentials = Credentials(issued.access_key, issued.secret, issued.session_token)
        signed = sign(
            method,
            path,
            "",
            headers,
            credentials,
            owner.region,
            "s3",
            payload=UNSIGNED_PAYLOAD,
            now=self._world.clock.wall(),
        )
        request = HttpRequest(method, path, "", Headers((headers | signed).items()))
        request.stream = _blocks(body) if method == "PUT" else None
        response = await chain.handle(request, self._world, along)
        if response.status >= 300:
            content = response.body if isinstance(response.body, bytes) else b""
            problem = refusal(Answer(response.status, {}, content))
            stale = problem.code in _STALE and self._sessions.pop((owner.role, owner.endpoint), None) is not None
            raise ServiceError(problem.code, str(problem), 503 if stale else response.status)
        return response

    async def _session(self, owner: Owner) -> RoleCredentials:
        known = self._sessions.get((owner.role, owner.endpoint))
        if known is None or known.expires_at - _RENEW_SECONDS < self._world.clock.wall():
            issue = self._world.providers.role_credentials
            known = await issue(owner.role, "SageMaker", _SESSION_SECONDS, owner.endpoint)
            now = self._world.clock.wall()
            self._sessions = {key: one for key, one in self._sessions.items() if one.expires_at > now}
            self._sessions[owner.role, owner.endpoint] = known
        return known


def place(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


async def _blocks(body: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        if body:
            yield body
        return
    async for block in body:
        yield block
