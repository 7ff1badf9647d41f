"""The keys that sign digests, one for each account, region and year, and ListPublicKeys."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from salvia.control.call import Call, operation
from salvia.control.resource import Resource
from salvia.control.world import World
from salvia.core.clock import timestamp
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader
from salvia.store.documents import Document

KEY = Resource(
    noun="PublicKey", service="cloudtrail", key="Name", arn="public-key/{Name}", operations=frozenset(), taggable=False
)
_BITS = 2048
_VALID = 365 * 86_400
_SPARE = 86_400  # clients ask for keys of a time a little around a digest's
_MINE = "SELECT * FROM documents WHERE kind = :kind AND account = :account AND region = :region ORDER BY name"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key; `fingerprint` names its public one."""

    fingerprint: str
    private: rsa.RSAPrivateKey

    def sign(self, content: str) -> str:
        """SHA256withRSA, in hex: the same for the same content."""
        return self.private.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()


async def signer(world: World, account: str, region: str, now: float) -> Signer:
    """The key of this moment, made when it is first needed."""
    key = _valid(world.db.read(), account, region, now)
    if key is None:
        fresh = await asyncio.to_thread(_make, account, region, now)
        # Of two controllers at once the first wins: both keys have one name, the time from which they are valid.
        await world.db.write(lambda tx: documents.insert(tx, fresh))
        key = _valid(world.db.read(), account, region, now)
        assert key is not None
    private = serialization.load_pem_private_key(key.spec["Private"].encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    return Signer(key.spec["Fingerprint"], private)


@operation("ListPublicKeys")
async def list_public_keys(call: Call) -> dict[str, Any]:
    """The public keys, PKCS #1 in DER, that were valid in a range of time; without one, now. One page."""
    request = call.request
    if request.get("NextToken"):
        raise ServiceError("InvalidTokenException", "The next token is not valid: all keys are on the first page.")
    now = call.clock.now()
    start = request["StartTime"].timestamp() if "StartTime" in request else now
    end = request["EndTime"].timestamp() if "EndTime" in request else max(now, start)
    if start > end:
        raise ServiceError("InvalidTimeRangeException", "The start time is after the end time.")
    return {
        "PublicKeyList": [
            {
                "Value": base64.b64decode(key.spec["Value"]),
                "ValidityStartTime": timestamp(key.spec["From"]),
                "ValidityEndTime": timestamp(key.spec["To"]),
                "Fingerprint": key.spec["Fingerprint"],
            }
            for key in _all(call.db.read(), call.account, call.region)
            if key.spec["From"] <= end and key.spec["To"] >= start
        ]
    }


def _all(db: Reader, account: str, region: str) -> list[Document]:
    return [Document.of(row) for row in db.all(_MINE, {"kind": KEY.kind, "account": account, "region": region})]


def _valid(db: Reader, account: str, region: str, now: float) -> Document | None:
    return next((key for key in _all(db, account, region) if key.spec["From"] <= now < key.spec["To"] - _SPARE), None)


def _make(account: str, region: str, now: float) -> Document:
    private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    public = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    since = now // 86_400 * 86_400 - _SPARE
    name = f"{int(since):012}"
    return Document(
        kind=KEY.kind,
        account=account,
        region=region,
        name=name,
        arn=KEY.arn_of({"Name": name}, account, region),
        spec={
            "Private": pem.decode(),
            "Value": base64.b64encode(public).decode(),
            "Fingerprint": hashlib.md5(public, usedforsecurity=False).hexdigest(),
            "From": since,
            "To": since + _VALID,
        },
        created_at=now,
        modified_at=now,
    )
