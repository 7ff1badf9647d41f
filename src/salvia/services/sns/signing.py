"""The signature of messages, and the certificate that proves it.

One key, made when the first message is signed, which all processes share. Source: SNS developer guide, "Verifying the
signatures of Amazon SNS messages".
"""

from __future__ import annotations

import asyncio
import base64
import datetime
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from salvia.control.world import World
from salvia.core.http import HttpResponse
from salvia.store.db import Reader, Transaction

PATH = "/_sns/SimpleNotificationService.pem"
_NAME = "sns-signing-key"
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Mapping[str, type[hashes.SHA1] | type[hashes.SHA256]] = {"1": hashes.SHA1, "2": hashes.SHA256}
_YEARS = 20


def provide(world: World) -> None:
    """Show the certificate to everybody."""

    async def page() -> HttpResponse:
        pem = await material(world)
        certificate = pem[pem.index(b"-----BEGIN CERTIFICATE-----") :]
        return HttpResponse(200, [("content-type", "application/x-pem-file")], certificate)

    world.providers.pages[PATH] = page


def text(message: Mapping[str, Any]) -> bytes:
    """What is signed: names and values of the members that count, a line each."""
    members = _SIGNED.get(message["Type"], _SIGNED["SubscriptionConfirmation"])
    return "".join(f"{name}\n{message[name]}\n" for name in members if name in message).encode()


async def sign(world: World, message: Mapping[str, Any], version: str) -> str:
    """The signature, SHA1 in version 1 and SHA256 in version 2."""
    key = serialization.load_pem_private_key(await material(world), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = await asyncio.to_thread(key.sign, text(message), padding.PKCS1v15(), _HASHES[version]())
    return base64.b64encode(signature).decode()


async def material(world: World) -> bytes:
    """Key and certificate, as PEM; made once for all."""
    kept = world.db.recall("sns-signing-key", _read)
    if kept is not None:
        return kept
    made = await asyncio.to_thread(_make)

    def work(tx: Transaction) -> bytes:
        sql = "INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"
        tx.run(sql, {"name": _NAME, "value": made})
        return _read(tx) or made

    return await world.db.write(work)


def _read(reader: Reader) -> bytes | None:
    row = reader.one("SELECT value FROM secrets WHERE name = :name", {"name": _NAME})
    return bytes(row["value"]) if row else None


def _make() -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
