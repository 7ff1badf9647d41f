"""The certificate authority of one data directory, and the certificates that it gives out."""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from salvia.core.domains import is_aws

_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=30)
_RENEW_AFTER = 7 * 86_400.0  # seconds
_SKEW = timedelta(days=1)  # a client's clock may be behind
_KEPT = 256  # contexts


def new_authority() -> bytes:
    """A new authority as PEM: its key, then its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Clients find an issuer by its name: two data directories must not share one.
    name = _name(f"Salvia CA {os.urandom(4).hex()}")
    now = datetime.now(UTC)
    public = key.public_key()
    certificate = (
        _certificate(name, name, public, now, _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pem(key) + certificate.public_bytes(serialization.Encoding.PEM)


class Authority:
    """Makes a certificate for any name, and the TLS context that shows it. For any thread."""

    def __init__(self, pem: bytes, wall: Callable[[], float] = time.time) -> None:
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("The authority's key is not one on an elliptic curve, as Salvia makes them.")
        self._key = key
        self._own = x509.load_pem_x509_certificate(pem)
        self._wall = wall
        # One key for all: it never leaves this process, and each name would else cost one more.
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._contexts: OrderedDict[tuple[str, ...], tuple[float, ssl.SSLContext]] = OrderedDict()

    @property
    def certificate(self) -> str:
        """Its own certificate, which clients have to trust, as PEM."""
        return self._own.public_bytes(serialization.Encoding.PEM).decode()

    def server_context(self, *names: str, domain: str = "localhost") -> ssl.SSLContext:
        """The context of our own port: for `names`, for every name below localhost and `domain`, and for AWS's.

        OpenSSL takes `*.localhost` for no name's wildcard; each bucket's name there gets a certificate when it is asked
        for. The others are asked for anew each time too, so that a server may run for longer than they are valid.
        """

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
            ours = name is not None and (name.endswith((".localhost", f".{domain}")) or is_aws(name))
            connection.context = self.context(name) if name and ours else self.context(*names)

        context = self._context(names, datetime.fromtimestamp(self._wall(), UTC))
        context.sni_callback = choose
        return context

    def context(self, *names: str) -> ssl.SSLContext:
        """The TLS context of a server with these names or addresses; a millisecond when it is a new one."""
        now = self._wall()
        made, context = self._contexts.get(names, (0.0, None))
        if context is None or not 0 <= now - made < _RENEW_AFTER:
            context = self._context(names, datetime.fromtimestamp(now, UTC))
            self._contexts[names] = (now, context)
            while len(self._contexts) > _KEPT:
                self._contexts.popitem(last=False)
        return context

    def _context(self, names: tuple[str, ...], now: datetime) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        # OpenSSL takes key and certificate from a file alone: from one that has no name.
        with tempfile.TemporaryFile() as file:
            file.write(_pem(self._leaf_key) + self._leaf(names, now).public_bytes(serialization.Encoding.PEM))
            file.flush()
            context.load_cert_chain(f"/dev/fd/{file.fileno()}")
        return context

    def _leaf(self, names: tuple[str, ...], now: datetime) -> x509.Certificate:
        return (
            _certificate(_name("Salvia"), self._own.subject, self._leaf_key.public_key(), now, _LEAF_LIFE)
            .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _SKEW).not_valid_after(now + life)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
