"""A model's containers, as whoever runs them needs them: taken down when they are asked for, since models are deleted.

Source: API_CreateModel, API_ContainerDefinition.
"""

from __future__ import annotations

from typing import Any

from salvia.store.documents import Document


def of(model: Document) -> dict[str, Any]:
    """Its containers in their order, whose role reads their data, and whether they have a network."""
    spec = model.spec
    found = [spec["PrimaryContainer"]] if spec.get("PrimaryContainer") else spec["Containers"]
    found = model.status.get("_Containers") or found  # what a model package is made of
    many = any(_many(container) for container in found)
    return {
        "model": model.name,
        "role": spec["ExecutionRoleArn"],
        "isolated": spec["EnableNetworkIsolation"],
        "invocation": "MultiModel" if many else (spec.get("InferenceExecutionConfig") or {}).get("Mode", "Serial"),
        "containers": [_container(container, number) for number, container in enumerate(found, 1)],
    }


def _container(container: dict[str, Any], number: int) -> dict[str, Any]:
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    many = _many(container)
    if container.get("ModelDataUrl") and not many:
        source = {"S3Uri": container["ModelDataUrl"], "S3DataType": "S3Object", "CompressionType": "Gzip"}
    return {
        "name": container.get("ContainerHostname") or f"container-{number}",
        "image": container["Image"],
        "environment": container.get("Environment") or {},
        "source": source,
        "many": many,
        "additional": container.get("AdditionalModelDataSources") or [],
    }


def _many(container: dict[str, Any]) -> dict[str, Any] | None:
    """Where its models are, and whether they are kept, of a container that has many."""
    if container.get("Mode") != "MultiModel":
        return None
    setting = (container.get("MultiModelConfig") or {}).get("ModelCacheSetting")
    return {"prefix": container["ModelDataUrl"], "caches": setting != "Disabled"}
