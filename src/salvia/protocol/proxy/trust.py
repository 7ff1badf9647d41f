"""The bundle of certificates that clients are given: those that this machine trusts, and ours."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def bundle(own: str, path: Path) -> str:
    """What belongs into the file at `path`, with our `own` certificate last.

    A person's own choice, as the variables of the server's environment name it, counts as this machine's. Where a
    machine has no certificates, certifi's are taken.
    """
    found: dict[str, None] = {}
    for source in _sources(path):
        found |= dict.fromkeys(_CERTIFICATE.findall(source.read_text(errors="replace")))
    if not found:
        import certifi

        found |= dict.fromkeys(_CERTIFICATE.findall(certifi.contents()))
    return "\n".join([*found, own])


def _sources(path: Path) -> Iterator[Path]:
    """The files to take certificates from; never our own, which may hold those of an authority that is no more."""
    named = [Path(os.environ[name]) for name in _VARIABLES if os.environ.get(name)]
    yield from (source for source in named if source.is_file() and source.absolute() != path)
    usual = (ssl.get_default_verify_paths().openssl_cafile, *_PLACES)
    yield from [Path(place) for place in usual if Path(place).is_file()][:1]
