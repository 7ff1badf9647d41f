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
    return {
        "model": model.name,
        "role": spec["ExecutionRoleArn"],
        "isolated": spec["EnableNetworkIsolation"],
        "invocation": (spec.get("InferenceExecutionConfig") or {}).get("Mode", "Serial"),
        "containers": [_container(container, number) for number, container in enumerate(found, 1)],
    }


def _container(container: dict[str, Any], number: int) -> dict[str, Any]:
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    if container.get("ModelDataUrl"):
        source = {"S3Uri": container["ModelDataUrl"], "S3DataType": "S3Object", "CompressionType": "Gzip"}
    return {
        "name": container.get("ContainerHostname") or f"container-{number}",
        "image": container["Image"],
        "environment": container.get("Environment") or {},
        "source": source,
        "additional": container.get("AdditionalModelDataSources") or [],
    }
