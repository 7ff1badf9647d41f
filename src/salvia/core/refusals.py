"""What a client is told when its signature or its credentials are refused.

One problem, four spellings: each protocol family of AWS has its own code and status for it. The codes are
those of the services' "Common Errors" pages and of Amazon S3's "List of error codes"; the statuses of the
json family are 400 because that is what these services send, whatever their page says.
"""

from __future__ import annotations

from typing import Literal

from .errors import ServiceError

Family = Literal["json", "rest", "query", "s3"]
"""`json` has a target header (sagemaker, logs, kms), `rest` is rest-json (sagemaker runtimes, lambda)."""

Problem = Literal[
    "missing",  # neither signature nor credentials
    "incomplete",  # a signature that cannot be read
    "incomplete-query",  # the same, of a presigned URL
    "ambiguous",  # two signatures
    "unsupported",  # a scheme that is not ours
    "bad-key",  # no such access key
    "bad-token",  # a session token that is none, or another key's
    "expired-token",
    "mismatch",  # the signature is wrong
    "skewed",  # the clocks differ by more than 15 minutes
    "url-expired",
    "scope",  # date, region, service or terminator of the credential scope
    "scope-query",
    "unsigned-headers",
]

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_INVALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"
_NOT_SIGNED = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
_UNREADABLE = "The request signature does not conform to AWS standards."

# problem → (code of the json and rest families, code of the query family, their sentence, S3's answer)
_ANSWERS: dict[Problem, tuple[str, str, str, tuple[str, int, str]]] = {
    "missing": (
        "MissingAuthenticationTokenException",
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
        ("AccessDenied", 403, "Access Denied"),
    ),
    "incomplete": (
        "IncompleteSignatureException",
        "IncompleteSignature",
        _UNREADABLE,
        ("AuthorizationHeaderMalformed", 400, "The authorization header that you provided is not valid."),
    ),
    "incomplete-query": (
        "IncompleteSignatureException",
        "IncompleteSignature",
        _UNREADABLE,
        ("AuthorizationQueryParametersError", 400, "The authorization query parameters are not valid."),
    ),
    "ambiguous": (
        "IncompleteSignatureException",
        "IncompleteSignature",
        "The request is signed twice, in its query and in its Authorization header. Sign it once.",
        (
            "InvalidArgument",
            400,
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query "
            "string parameter or the Authorization header should be specified",
        ),
    ),
    "unsupported": (
        "IncompleteSignatureException",
        "IncompleteSignature",
        "Unsupported Authorization type. Sign with AWS4-HMAC-SHA256.",
        ("InvalidArgument", 400, "Unsupported Authorization Type"),
    ),
    "bad-key": (
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        _INVALID,
        ("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
    ),
    "bad-token": (
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        _INVALID,
        ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    ),
    "expired-token": (
        "ExpiredTokenException",
        "ExpiredToken",
        _EXPIRED,
        ("ExpiredToken", 400, "The provided token has expired."),
    ),
    "mismatch": (
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        _MISMATCH,
        (
            "SignatureDoesNotMatch",
            403,
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        ),
    ),
    "skewed": (
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "Signature expired",
        (
            "RequestTimeTooSkewed",
            403,
            "The difference between the request time and the current time is too large.",
        ),
    ),
    "url-expired": (
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "Signature expired",
        ("AccessDenied", 403, "Request has expired"),
    ),
    "scope": (
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "Credential should be scoped correctly.",
        ("AuthorizationHeaderMalformed", 400, "The authorization header is malformed."),
    ),
    "scope-query": (
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "Credential should be scoped correctly.",
        ("AuthorizationQueryParametersError", 400, "Error parsing the X-Amz-Credential parameter."),
    ),
    "unsigned-headers": (
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        _NOT_SIGNED,
        ("AccessDenied", 403, "There were headers present in the request which were not signed"),
    ),
}


def refusal(problem: Problem, family: Family, message: str | None = None, **fields: object) -> ServiceError:
    """The error for `problem` as services of `family` word it.

    `message` replaces the usual sentence. `fields` are further members; only S3's errors have such.
    """
    json_code, query_code, sentence, s3 = _ANSWERS[problem]
    if family == "s3":
        code, status, s3_sentence = s3
        return ServiceError(code, message or s3_sentence, status, **fields)
    if family == "query":
        status = 400 if query_code == "IncompleteSignature" else 403
        return ServiceError(query_code, message or sentence, status)
    return ServiceError(json_code, message or sentence, 400 if family == "json" else 403)
