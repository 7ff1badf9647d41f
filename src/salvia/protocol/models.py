"""AWS's service models, loaded when first asked for.

`SERVICES` says what can be told from a request alone (signing name, target prefix, API version), so that
routing loads no model but the one it needs. Names are those of our folders below `salvia.services`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

#: Closures and models are built under this lock: they are published only when finished.
BUILDING = RLock()


class Service(NamedTuple):
    """What a request says about the service it is for.

    `protocols` are those we speak, preferred first; `target` is the prefix of X-Amz-Target; `version` the
    API version of a query service.
    """

    name: str
    model: str  # botocore's name
    scope: str  # the service in a SigV4 credential scope
    protocols: tuple[str, ...]
    target: str = ""
    version: str = ""


SERVICES: dict[str, Service] = {
    service.name: service
    for service in (
        Service("sagemaker", "sagemaker", "sagemaker", ("json",), "SageMaker"),
        Service("sagemaker_runtime", "sagemaker-runtime", "sagemaker", ("rest-json",)),
        Service("sagemaker_featurestore", "sagemaker-featurestore-runtime", "sagemaker", ("rest-json",)),
        Service("sagemaker_metrics", "sagemaker-metrics", "sagemaker", ("rest-json",)),
        Service("sagemaker_a2i", "sagemaker-a2i-runtime", "sagemaker", ("rest-json",)),
        Service("sagemaker_edge", "sagemaker-edge", "sagemaker", ("rest-json",)),
        Service("salvia", "salvia", "salvia", ("json",), "Salvia"),  # our own: its model is in `data`
        Service("s3", "s3", "s3", ("rest-xml",)),
        Service("iam", "iam", "iam", ("query",), version="2010-05-08"),
        Service("sts", "sts", "sts", ("query",), version="2011-06-15"),
        Service("kms", "kms", "kms", ("json",), "TrentService"),
        Service("logs", "logs", "logs", ("json",), "Logs_20140328"),
        Service(
            "cloudtrail",
            "cloudtrail",
            "cloudtrail",
            ("json",),
            "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
        ),
        Service(
            "cloudwatch",
            "cloudwatch",
            "monitoring",
            ("json", "query"),
            "GraniteServiceVersion20100801",
            "2010-08-01",
        ),
        Service(
            "application_autoscaling",
            "application-autoscaling",
            "application-autoscaling",
            ("json",),
            "AnyScaleFrontendService",
        ),
        Service("sns", "sns", "sns", ("query",), version="2010-03-31"),
        Service("sqs", "sqs", "sqs", ("json",), "AmazonSQS"),
        Service("ce", "ce", "ce", ("json",), "AWSInsightsIndexService"),
        Service("service_quotas", "service-quotas", "servicequotas", ("json",), "ServiceQuotasV20190624"),
    )
}

# Members whose shape is another than the model says: service → (structure, member, shape).
_CORRECTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    # The names of messages' attributes, as its documentation says, not those of queues'.
    "sqs": (("ReceiveMessageRequest", "AttributeNames", "MessageSystemAttributeList"),),
}


@cache
def service(name: str) -> Any:
    """The botocore ServiceModel of our service `name`. Raises KeyError for a name we do not know."""
    known = SERVICES[name]
    with BUILDING:
        description = loader().load_service_model(known.model, "service-2")
        _forget_documentation(description)
        for shape, member, right in _CORRECTIONS.get(name, ()):
            description["shapes"][shape]["members"][member]["shape"] = right
        return ServiceModel(description, known.model)


def operation(service_name: str, operation_name: str) -> Any:
    """The OperationModel of one operation, or None when the model has none of that name."""
    model = service(service_name)
    if operation_name not in _names(model):
        return None
    with BUILDING:
        return model.operation_model(operation_name)


@cache
def _names(model: Any) -> frozenset[str]:
    return frozenset(model.operation_names)


@cache
def loader() -> Loader:
    """Where models come from: botocore's, and our own."""
    return Loader(extra_search_paths=[str(Path(__file__).parent / "data")])


def _forget_documentation(description: dict[str, Any]) -> None:
    # The text is two thirds of a model; every gateway would hold it in memory for nothing.
    for kind in ("operations", "shapes"):
        for entry in description.get(kind, {}).values():
            entry.pop("documentation", None)
            for member in entry.get("members", {}).values():
                member.pop("documentation", None)


__all__ = ["BUILDING", "SERVICES", "OperationModel", "Service", "ServiceModel", "loader", "operation", "service"]
