"""Host names that are AWS's: whoever has them hard-coded finds Salvia behind them."""

from __future__ import annotations

# SageMaker's experiments and MLflow live below the last two: see the SDK's `_experiments` and `sagemaker-mlflow`.
AWS_DOMAINS = ("amazonaws.com", "amazonaws.com.cn", "api.aws", "sagemaker.aws", "app.aws")


def is_aws(host: str) -> bool:
    """Whether a host name is one of AWS's."""
    name = host.lower().rstrip(".")
    return any(name == domain or name.endswith("." + domain) for domain in AWS_DOMAINS)


def bypass(given: str, *own: str) -> str:
    """NO_PROXY: what is `given` but for AWS's names, which only the proxy answers, and `own`."""
    kept = [entry for part in given.split(",") if (entry := part.strip()) and not _aws(entry)]
    return ",".join(dict.fromkeys([*kept, *own]))


def _aws(entry: str) -> bool:
    return entry == "*" or is_aws(entry.lstrip("*.").partition(":")[0])
