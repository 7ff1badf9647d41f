"""AWS's Signature Version 4 test suite, signed and verified.

The suite is data of AWS's (Apache License 2.0) that is not part of this repository: SALVIA_AWS_PROTOCOL_TESTS
names the folder that has it as `sigv4/`.
"""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from salvia.core.canonical import canonical_headers, canonical_query, normalised, seconds
from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest
from salvia.core.sigv4 import Credentials, read_authorization, sign, verify

FOLDER = os.environ.get("SALVIA_AWS_PROTOCOL_TESTS")
SUITE = Path(FOLDER, "sigv4") if FOLDER else None

pytestmark = pytest.mark.skipif(
    SUITE is None or not SUITE.is_dir(), reason="SALVIA_AWS_PROTOCOL_TESTS names no folder with sigv4/"
)

# The suite's credentials, from its documentation.
ACCESS_KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

# The two cases whose signature does not cover the session token that the request carries or gets later.
TOKEN_NOT_IN_REQUEST = {
    # The .req lacks the token that .creq signs: the suite expects the signer to add it.
    "get-vanilla-with-session-token": "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
}


def cases() -> list[Path]:
    if SUITE is None:
        return []
    return sorted(path.with_suffix("") for path in SUITE.rglob("*.req"))


def part(case: Path, name: str) -> str:
    # Characters stand for the bytes of the wire, as in HttpRequest.
    return case.with_suffix(f".{name}").read_bytes().decode("latin-1").replace("\r\n", "\n")


def read(case: Path) -> HttpRequest:
    head, _, body = part(case, "req").partition("\n\n")
    first, *lines = head.rstrip("\n").split("\n")
    method, _, rest = first.partition(" ")
    path, _, query = rest.rpartition(" ")[0].partition("?")
    pairs: list[tuple[str, str]] = []
    for line in lines:
        if line[0] in " \t":  # an obsolete folded line; servers join it with a space
            name, value = pairs[-1]
            pairs[-1] = (name, f"{value} {line.strip()}")
        else:
            name, _, value = line.partition(":")
            pairs.append((name, value))
    if token := TOKEN_NOT_IN_REQUEST.get(case.name):
        pairs.append(("X-Amz-Security-Token", token))
    return HttpRequest(method, path, query, Headers(pairs), body.rstrip("\n").encode("latin-1"))


@pytest.fixture(params=cases(), ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_the_canonical_request_is_the_suites(case: Path) -> None:
    """.creq"""
    request = read(case)
    expected = part(case, "creq")
    signed = tuple(expected.split("\n")[-2].split(";"))
    canonical = "\n".join(
        [
            request.method,
            normalised(request.path),
            canonical_query(request.query),
            canonical_headers(request.headers.items(), signed),
            ";".join(signed),
            sha256(request.body).hexdigest(),
        ]
    )

    assert canonical == expected


def test_a_signed_request_is_accepted(case: Path) -> None:
    """.authz, on the request of .req, at the moment that the suite signed it."""
    request = read(case)
    signed = Headers([*request.headers.items(), ("Authorization", part(case, "authz"))])
    request = HttpRequest(request.method, request.path, request.query, signed, request.body)
    authorization = read_authorization(request)
    assert authorization is not None
    assert (authorization.access_key, authorization.region, authorization.service) == (
        ACCESS_KEY,
        "us-east-1",
        "service",
    )

    seed = verify(request, authorization, SECRET, seconds("20150830T123600Z"))

    assert seed is not None
    with pytest.raises(ServiceError) as refused:
        verify(request, authorization, SECRET + "x", seconds("20150830T123600Z"))
    assert refused.value.code in ("InvalidSignatureException", "SignatureDoesNotMatch")


def test_signing_gives_the_suites_authorization(case: Path) -> None:
    """.authz; a header sent twice is given to `sign` joined by commas, which is what it signs as."""
    request = read(case)
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name].strip()},{value.strip()}" if name in headers else value
    token = headers.pop("x-amz-security-token", None)
    headers.pop("x-amz-date")
    added = sign(
        request.method,
        request.path,
        request.query,
        headers,
        Credentials(ACCESS_KEY, SECRET, token),
        "us-east-1",
        "service",
        payload=sha256(request.body).hexdigest(),
        now=seconds("20150830T123600Z"),
    )

    assert added["Authorization"] == part(case, "authz")
