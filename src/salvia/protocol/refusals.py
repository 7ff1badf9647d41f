"""The error with which each service refuses a request that breaks its model."""

from __future__ import annotations

from typing import Any

from salvia.core.errors import ServiceError

from .violations import Violation, message

#: Services whose code is not their protocol's, as their API references list them.
CODES = {
    "logs": "InvalidParameterException",
    "sagemaker-runtime": "ValidationError",
    "sagemaker-featurestore-runtime": "ValidationError",
    # CloudWatch words the model's constraints so, whatever the protocol; InvalidParameterValue is what
    # its operations answer for what the model does not say.
    "cloudwatch": "ValidationError",
}

#: S3 has codes of its own for some members, here by their path.
S3_CODES = {
    "storageClass": ("InvalidStorageClass", "The storage class you specified is not valid"),
    "encodingType": ("InvalidArgument", "Invalid Encoding Method specified in Request"),
    "serverSideEncryption": ("InvalidArgument", "The encryption method specified is not supported"),
    "createBucketConfiguration.locationConstraint": (
        "InvalidLocationConstraint",
        "The specified location-constraint is not valid",
    ),
}


def refusal(model: Any, found: list[Violation]) -> ServiceError:
    """The error for the violations `found` in the input of `model`; there is at least one."""
    service = model.service_model
    if service.metadata.get("protocol") == "rest-xml":
        return _s3(model, found)
    code = CODES.get(service.service_name)
    if code is None:
        code = "ValidationError" if service.metadata.get("protocol") == "query" else "ValidationException"
    return ServiceError(code, message(found))


def _s3(model: Any, found: list[Violation]) -> ServiceError:
    """S3 names one thing at a time, and where it stands: a header or parameter, or the XML body."""
    first = found[0]
    member = model.input_shape.members[first.member]
    location = member.serialization.get("location")
    wire = member.serialization.get("name", first.member)
    if first.missing and first.path == first.member[:1].lower() + first.member[1:]:
        if location == "header":
            return ServiceError("InvalidRequest", f"Missing required header for this request: {wire}")
        if location is not None:
            return ServiceError("InvalidArgument", f"This operation requires the parameter {wire}.", ArgumentName=wire)
        return ServiceError("MissingRequestBodyError", "Request Body is empty")
    if first.path in S3_CODES:
        code, text = S3_CODES[first.path]
        if location is not None:
            return ServiceError(code, text, ArgumentName=wire, ArgumentValue=str(first.value)[:1024])
        return ServiceError(code, text)
    if location is None:
        return ServiceError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema: "
            f"{message(found)}",
        )
    return ServiceError("InvalidArgument", first.sentence(), ArgumentName=wire, ArgumentValue=str(first.value)[:1024])
