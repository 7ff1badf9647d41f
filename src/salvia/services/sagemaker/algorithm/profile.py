"""An algorithm's validation profile, as the requests of the jobs that it describes.

The guide, "Create an Algorithm Resource": "Create a training job in your account …, create a model in your account
using the algorithm's inference image and the model artifacts produced by the training job …, create a transform job in
your account using the model". The training job names the image: an algorithm serves others once it is Completed.
"""

from __future__ import annotations

from typing import Any

from salvia.control import algorithms
from salvia.store.documents import Document

Request = dict[str, Any]


def of(algorithm: Request) -> Request:
    """The one profile that a CreateAlgorithm has."""
    profile: Request = algorithm["ValidationSpecification"]["ValidationProfiles"][0]
    return profile


def training(algorithm: Request, name: str) -> Request:
    """CreateTrainingJob, with what the algorithm brings to every job of it.

    Raises ValidationException for what the algorithm does not support.
    """
    specification = algorithm["TrainingSpecification"]
    definition = dict(of(algorithm)["TrainingJobDefinition"])
    request = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": specification["TrainingImage"],
            "TrainingInputMode": definition.pop("TrainingInputMode"),
        },
        "RoleArn": algorithm["ValidationSpecification"]["ValidationRole"],
        **definition,
    }
    return algorithms.applied(specification, request)


def model(algorithm: Request, name: str, trained: Document) -> Request:
    """CreateModel, of what the training job has made."""
    artefact = trained.status["ModelArtifacts"]["S3ModelArtifacts"]
    container = algorithm["InferenceSpecification"]["Containers"][0]
    kept = {
        member: container[member] for member in ("ContainerHostname", "Image", "Environment") if member in container
    }
    return {
        "ModelName": name,
        "PrimaryContainer": {**kept, "ModelDataUrl": artefact},
        "ExecutionRoleArn": algorithm["ValidationSpecification"]["ValidationRole"],
    }


def transform(algorithm: Request, name: str) -> Request:
    """CreateTransformJob, with that model."""
    return {"TransformJobName": name, "ModelName": name, **of(algorithm)["TransformJobDefinition"]}
