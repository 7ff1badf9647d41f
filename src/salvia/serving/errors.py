"""What clients are told: the errors of SageMaker Runtime, in AWS's words where these are known.

Source: SageMaker API reference, InvokeEndpoint and InvokeEndpointWithResponseStream, "Errors".
"""

from __future__ import annotations

from salvia.core.errors import ServiceError

from .endpoint import Endpoint

_LONGEST = 2048  # characters of a Message, says the model
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container {}. Review the latency metrics for each "
    "container in Amazon CloudWatch, resolve the issue, and try again."
)


def no_endpoint(account: str, name: str) -> ServiceError:
    """Nothing of that name takes requests."""
    return invalid(f"Endpoint {name} of account {account} not found.")


def no_variant(name: str, variant: str) -> ServiceError:
    """TargetVariant names none."""
    return invalid(f"Variant {variant} of endpoint {name} not found.")


def invalid(message: str) -> ServiceError:
    """A request that cannot be right."""
    return ServiceError("ValidationError", message)


def not_built(what: str) -> ServiceError:
    """What is asked for and not built."""
    return invalid(f"Salvia does not support {what} yet. Leave it out.")


def unavailable(message: str) -> ServiceError:
    """Nobody can answer now; a client may try again."""
    return ServiceError("ServiceUnavailable", message, 503)


def throttled() -> ServiceError:
    """More at once than MaxConcurrency. Source: SageMaker API reference, "Common Errors"."""
    return ServiceError("ThrottlingException", "The request was denied due to request throttling.")


def not_ready() -> ServiceError:
    """No replica of a serverless variant came in time. Source: API_runtime_InvokeEndpoint, "Errors"."""
    return ServiceError(
        "ModelNotReadyException",
        "Either a serverless endpoint variant's resources are still being provisioned, or a multi-model endpoint is "
        "still downloading or loading the target model. Wait and try your request again.",
        429,
    )


def group_of(endpoint: str) -> str:
    """The log group of an endpoint, by its name: where the program's lines are."""
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def log_group(endpoint: Endpoint) -> str:
    """The same."""
    return group_of(endpoint.name)


def model_error(endpoint: Endpoint, container: str, status: int, said: str) -> ServiceError:
    """What a container answered instead of an inference; status 0 when it did not answer at all."""
    party = "client" if 400 <= status < 500 else "server"
    group = log_group(endpoint)
    words = f'Received {party} error ({status}) from {container} with message "'
    end = f'". See log group {group} in account {endpoint.account} for more information.'
    return ServiceError(
        "ModelError",
        words + said[: _LONGEST - len(words) - len(end)] + end,
        424,
        OriginalStatusCode=status,
        OriginalMessage=said[:_LONGEST],
        LogStreamArn=f"arn:aws:logs:{endpoint.region}:{endpoint.account}:log-group:{group}",
    )
