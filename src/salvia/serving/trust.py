"""How gateways know each other: by what follows from the secret that all servers of a database share.

Across machines they speak TLS, with one certificate for all, whose key is made of that secret: whoever can show it is
one of ours. Who asks shows a bearer, which is sent to none but them.
"""

from __future__ import annotations

import hmac
import ssl
import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NAME = "gateway"
_FROM, _TO = datetime(2020, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def bearer(secret: bytes) -> str:
    """What a gateway shows to another."""
    return _derived(secret, "bearer").hex()


def contexts(secret: bytes) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for who listens, and for who asks."""
    # A tenth of a second, which is for those alone who have several nodes.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.from_private_bytes(_derived(secret, "key"))
    certificate = _certificate(key).public_bytes(Encoding.PEM)
    listens = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asks = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    listens.minimum_version = asks.minimum_version = ssl.TLSVersion.TLSv1_3
    asks.load_verify_locations(cadata=certificate.decode())
    with tempfile.TemporaryFile() as file:  # OpenSSL takes them from a file alone: from one that has no name
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate)
        file.flush()
        listens.load_cert_chain(f"/dev/fd/{file.fileno()}")
    return listens, asks


def _certificate(key: Ed25519PrivateKey) -> x509.Certificate:
    """The same for the same key, byte by byte: each gateway makes it for itself."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(_FROM)
        .not_valid_after(_TO)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, None)
    )


def _derived(secret: bytes, what: str) -> bytes:
    return hmac.digest(secret, f"gateways: {what}".encode(), "sha256")
