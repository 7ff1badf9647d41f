"""kill -9 of controllers while algorithms are validated: each profile has its jobs, once, and comes to its verdict."""

from __future__ import annotations

from collections.abc import Callable

from tests.algorithms import CODE, INFERENCE, created, ended, profile
from tests.conftest import Jobs, Server
from tests.torment import tormented
from tests.transforms import Transforms


def test_validations_survive_controllers_that_die(make_server: Callable[..., Server]) -> None:
    """No job is made twice, whichever instruction was the last."""
    server = make_server()
    jobs, transforms = Jobs(server), Transforms(server)
    transforms.s3.put_object(Bucket=transforms.bucket, Key="train/rows.csv", Body=b"1\n2\n")
    jobs.run("print(1)")  # the images are warm
    transforms.done("train/")
    validation = profile(transforms, CODE, transform=True)
    with tormented(server, 7, (0.1, 2.5)):
        more = {"InferenceSpecification": INFERENCE, "ValidationSpecification": validation}
        names = [created(transforms, **more) for _ in range(4)]
        found = [ended(transforms, name, 120) for name in names]
    for name, algorithm in zip(names, found, strict=True):
        assert algorithm["AlgorithmStatus"] == "Completed", algorithm["AlgorithmStatusDetails"]
        listed = transforms.sagemaker.list_training_jobs(NameContains=f"{name}-")["TrainingJobSummaries"]
        listed += transforms.sagemaker.list_transform_jobs(NameContains=f"{name}-")["TransformJobSummaries"]
        assert len(listed) == 2
        assert len(transforms.sagemaker.list_models(NameContains=f"{name}-")["Models"]) == 1
