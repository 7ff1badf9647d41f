"""What a request says about who signed it: reading signatures of both versions, in headers and in URLs.

Nothing is proved here; `sigv4.verify` does that.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from .canonical import amz_timestamp, http_date, query_parameters, seconds
from .errors import ServiceError
from .refusals import Family, refusal

if TYPE_CHECKING:
    # The agent signs and never verifies: it must not pay for what HttpRequest imports.
    from .http import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
SKEW = 15 * 60
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_WEEK = 7 * 24 * 60 * 60
_LONGEST_HEADER = 8192  # what is cached must be bounded; real ones have 300 to 900 characters
_DATE = re.compile("[0-9]{8}", re.ASCII)
_TIMESTAMP = re.compile("[0-9]{8}T[0-9]{6}Z", re.ASCII)

Kind = Literal["v4-header", "v4-query", "v2-header", "v2-query"]


class Authorization(NamedTuple):
    """What a request says about who signed it. Nothing in it is proved before `verify`."""

    kind: Kind
    family: Family
    access_key: str
    signature: str
    session_token: str | None
    service: str
    region: str  # '' for Version 2, which has none
    date: str  # of the credential scope, YYYYMMDD
    timestamp: str  # when it was signed, YYYYMMDDTHHMMSSZ
    signed_headers: tuple[str, ...]
    expires: int  # v4-query: seconds after `timestamp`; v2-query: seconds since the epoch
    payload: str | None  # S3: the value of x-amz-content-sha256, or what stands for it

    def __repr__(self) -> str:
        return f"Authorization({self.kind}, {self.access_key!r}, {self.region}/{self.service})"


def read_authorization(request: HttpRequest) -> Authorization | None:
    """The claim that `request` makes, or None when it makes none (an anonymous request).

    Raises the error of the request's protocol family when there is a claim that cannot be read.
    """
    header = request.headers.get("authorization")
    query = request.query
    in_query = "X-Amz-Signature=" in query or "X-Amz-Credential=" in query or "X-Amz-Algorithm=" in query
    if header is None:
        if in_query:
            return _read_query(request)
        if "AWSAccessKeyId=" in query and "Signature=" in query:
            return _read_v2_query(request)
        return None
    if in_query:
        raise refusal("ambiguous", family(request))
    if header.startswith(ALGORITHM):
        return _read_header(request, header)
    if header.startswith("AWS "):
        return _read_v2_header(request, header)
    raise refusal("unsupported", family(request))


def family(request: HttpRequest, service: str | None = None) -> Family:
    """How refusals to this request are spelled; `service` is that of its scope, where there is one."""
    if service == "s3":
        return "s3"
    headers = request.headers
    if "x-amz-target" in headers:
        return "json"
    content_type = headers.get("content-type") or ""
    if content_type.startswith("application/x-www-form-urlencoded") or "Action=" in request.query:
        return "query"
    return "s3" if service is None else "rest"


class _UnreadableError(Exception):
    """Why a credential cannot be read: AWS's sentence for S3 and for the others."""

    def __init__(self, s3: str, others: str) -> None:
        super().__init__(others)
        self.s3 = s3
        self.others = others


def _read_header(request: HttpRequest, header: str) -> Authorization:
    headers = request.headers
    timestamp = headers.get("x-amz-date")
    try:
        if len(header) > _LONGEST_HEADER:
            raise _UnreadableError("the header is too long", "Authorization header is too long.")
        # The signature differs in every request and the rest in hardly any: that is read once.
        start = header.rfind("Signature=")
        end = header.find(",", start)
        end = len(header) if end < 0 else end
        named = start > 0 and header[start - 1] in " ,"
        signature = header[start + 10 : end].rstrip(" ") if named else ""
        access_key, date, region, service, signed = _claims(header[:start] + header[end:], bool(signature))
        if timestamp is None:
            timestamp = _timestamp_of(headers.get("date"))
    except _UnreadableError as problem:
        spelled = family(request, _service_in(header))
        text = f"The authorization header is malformed; {problem.s3}" if spelled == "s3" else problem.others
        raise refusal("incomplete", spelled, text) from None
    spelled = family(request, service)
    try:
        seconds(timestamp)
    except ValueError:
        sentence = "Date must be in ISO-8601 'basic format'. Got '{}'.  See http://en.wikipedia.org/wiki/ISO_8601"
        raise refusal("incomplete", spelled, sentence.format(timestamp[:32])) from None
    return Authorization(
        "v4-header",
        spelled,
        access_key,
        signature,
        headers.get("x-amz-security-token"),
        service,
        region,
        date,
        timestamp,
        signed,
        0,
        headers.get("x-amz-content-sha256") if spelled == "s3" else None,
    )


@lru_cache(maxsize=1024)
def _claims(header: str, has_signature: bool) -> tuple[str, str, str, str, tuple[str, ...]]:
    """Access key, date, region, service and signed headers of an Authorization header less its signature."""
    fields: dict[str, str] = {}
    for part in header[len(ALGORITHM) :].split(","):
        name, _, value = part.strip(" ").partition("=")
        fields[name] = value
    if has_signature:
        fields["Signature"] = "…"
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not fields.get(name)]
    if missing:
        raise _UnreadableError(
            f"the authorization header requires three components: Credential, SignedHeaders, and Signature. "
            f"Missing: {', '.join(missing)}.",
            " ".join(f"Authorization header requires '{name}' parameter." for name in missing),
        )
    return (*_credential(fields["Credential"]), _signed_headers(fields["SignedHeaders"]))


def _credential(text: str) -> tuple[str, str, str, str]:
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or not all(parts):
        raise _UnreadableError(
            'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{text[:256]}'",
        )
    access_key, date, region, service, terminator = parts
    if terminator != TERMINATOR:
        raise _UnreadableError(
            f'incorrect terminal "{terminator[:64]}". This endpoint uses "{TERMINATOR}".',
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator[:64]}'.",
        )
    if not _DATE.fullmatch(date):
        raise _UnreadableError(
            f'incorrect date format "{date[:64]}". This date in the credential must be in the format "yyyyMMdd".',
            f"Date in Credential scope must be of the form YYYYMMDD, got '{date[:64]}'.",
        )
    return access_key, date, region, service


def _signed_headers(text: str) -> tuple[str, ...]:
    return tuple(sorted({name.strip().lower() for name in text.split(";")}))


def _service_in(header: str) -> str | None:
    """The service that a header which cannot be read seems to mean, so that it is refused in its language."""
    found = re.search(r"Credential=[^,\s]*/([a-z0-9-]+)/[^/,\s]*(?:,|\s|$)", header[:_LONGEST_HEADER])
    return found[1] if found else None


def _timestamp_of(date: str | None) -> str:
    """The Date header, which may stand for X-Amz-Date, in the latter's form."""
    if date is None:
        raise _UnreadableError(
            "the request has no X-Amz-Date header.",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    if _TIMESTAMP.fullmatch(date):
        return date
    moment = http_date(date)
    if moment is None:
        raise _UnreadableError(f"the date '{date[:64]}' is not valid.", f"Date '{date[:64]}' cannot be read.")
    return amz_timestamp(moment)


def _read_query(request: HttpRequest) -> Authorization:
    given = query_parameters(request.query)
    credential = given.get("X-Amz-Credential", "")
    guess = credential.rsplit("/", 4)
    spelled = family(request, guess[3] if len(guess) == 5 else None)
    names = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders"]
    if spelled == "s3":
        names.append("X-Amz-Expires")
    missing = [name for name in names if not given.get(name)]
    if missing:
        if spelled == "s3":
            sentence = (
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
            )
        else:
            sentence = " ".join(f"AWS query-string parameters must include '{name}'." for name in missing)
        raise refusal("incomplete-query", spelled, sentence)
    if given["X-Amz-Algorithm"] != ALGORITHM:
        raise refusal("incomplete-query", spelled, f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    try:
        access_key, date, region, service = _credential(credential)
    except _UnreadableError as problem:
        if spelled == "s3":
            raise refusal(
                "incomplete-query",
                spelled,
                f"Error parsing the X-Amz-Credential parameter; {problem.s3}",
            ) from None
        raise refusal("incomplete-query", spelled, problem.others) from None
    timestamp = given["X-Amz-Date"]
    try:
        seconds(timestamp)
    except ValueError:
        sentence = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        raise refusal("incomplete-query", spelled, sentence) from None
    signed = _signed_headers(given["X-Amz-SignedHeaders"])
    payload = None
    if spelled == "s3":
        header = request.headers.get("x-amz-content-sha256") if "x-amz-content-sha256" in signed else None
        payload = header or given.get("X-Amz-Content-Sha256") or UNSIGNED_PAYLOAD
    return Authorization(
        "v4-query",
        spelled,
        access_key,
        given["X-Amz-Signature"],
        given.get("X-Amz-Security-Token"),
        service,
        region,
        date,
        timestamp,
        signed,
        _expires(given.get("X-Amz-Expires", str(SKEW)), spelled),
        payload,
    )


def _expires(text: str, spelled: Family) -> int:
    sentence = "X-Amz-Expires should be a number"
    if len(text) < 20 and text.isascii() and text.lstrip("-").isdigit():
        expires = int(text)
        if 0 <= expires <= _WEEK:
            return expires
        sentence = (
            "X-Amz-Expires must be non-negative"
            if expires < 0
            else "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
            f"must be less than {_WEEK} seconds"
        )
    raise refusal("incomplete-query", spelled, sentence)


# Version 2.


def _read_v2_header(request: HttpRequest, header: str) -> Authorization:
    """The claim of `Authorization: AWS access-key:signature`."""
    access_key, colon, signature = header[4:].strip().rpartition(":")
    if not colon or not access_key or not signature or len(header) > 1024:
        raise ServiceError("InvalidArgument", "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature")
    return _claim(request, "v2-header", access_key, signature, request.headers.get("x-amz-security-token"), 0)


def _read_v2_query(request: HttpRequest) -> Authorization:
    """The claim of a presigned URL: AWSAccessKeyId, Signature and Expires."""
    given = query_parameters(request.query)
    expires = given.get("Expires", "")
    if not (expires and given.get("Signature") and given.get("AWSAccessKeyId")):
        raise refusal(
            "url-expired",
            "s3",
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        )
    if not (expires.isascii() and expires.isdigit() and len(expires) < 16):
        raise refusal("url-expired", "s3", f"Invalid date (should be seconds since epoch): {expires[:32]}")
    token = given.get("x-amz-security-token") or request.headers.get("x-amz-security-token")
    return _claim(request, "v2-query", given["AWSAccessKeyId"], given["Signature"], token, int(expires))


def _claim(
    request: HttpRequest,
    kind: Literal["v2-header", "v2-query"],
    access_key: str,
    signature: str,
    token: str | None,
    expires: int,
) -> Authorization:
    payload = request.headers.get("x-amz-content-sha256") or UNSIGNED_PAYLOAD
    return Authorization(
        kind,
        "s3",
        access_key,
        signature,
        token,
        "s3",
        "",
        "",
        "",
        (),
        expires,
        payload,
    )
