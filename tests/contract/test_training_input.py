"""What a training program is given, through boto3: channels of every kind and mode, entrypoint and arguments.

Sources: API_Channel, API_S3DataSource, API_AlgorithmSpecification; developer guide, "How Amazon SageMaker Provides
Training Information" and "How Amazon SageMaker Runs Your Training Image".
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conftest import PROBE, Jobs
from tests.contract.test_training_jobs import refused, request


def channel(name: str, uri: str, **more: Any) -> dict[str, Any]:
    """A member of InputDataConfig; members of its S3DataSource go there."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri}
    source |= {key: more.pop(key) for key in ("S3DataType", "S3DataDistributionType", "AttributeNames") if key in more}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}


def put(jobs: Jobs, **objects: str | bytes) -> str:
    """Store objects; the URI of their bucket."""
    for key, body in objects.items():
        jobs.s3.put_object(Bucket=jobs.bucket, Key=key, Body=body)
    return f"s3://{jobs.bucket}"


def printed(jobs: Jobs, code: str, **more: Any) -> list[str]:
    """The lines of a job that must succeed."""
    name = jobs.start(code, wait=True, **more)
    described = jobs.describe(name)
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    return jobs.lines(name)


def test_a_manifest_is_a_channel(jobs: Jobs) -> None:
    """S3DataType ManifestFile; the files keep their path below the prefix."""
    uri = put(jobs, **{"set/a/1": "one", "set/2": "two", "set/3": "three"})
    put(jobs, manifest=json.dumps([{"prefix": f"{uri}/set/"}, "a/1", "2"]))
    code = """
folder = base / 'input/data/train'
for path in sorted(folder.rglob('*')):
    if path.is_file(): print(path.relative_to(folder), path.read_text())
"""
    lines = printed(jobs, code, InputDataConfig=[channel("train", f"{uri}/manifest", S3DataType="ManifestFile")])
    assert lines == ["2 two", "a/1 one"]


def test_a_manifest_that_names_what_is_not_there_fails_naming_the_entry(jobs: Jobs) -> None:
    """FailureReason, ClientError."""
    uri = put(jobs, broken="[]")
    put(jobs, broken=json.dumps([{"prefix": f"{uri}/set/"}, "absent"]))
    ended = jobs.run("", InputDataConfig=[channel("train", f"{uri}/broken", S3DataType="ManifestFile")])
    assert ended["FailureReason"].startswith("ClientError: Data download failed: Channel 'train'")
    assert f"{uri}/set/absent, entry 1 of {uri}/broken" in ended["FailureReason"]


def test_modes_mix_in_one_job(jobs: Jobs) -> None:
    """A channel's InputMode overrides TrainingInputMode; FastFile shows to the program as File."""
    uri = put(jobs, **{"mix/a": "1", "mix/b": "2"})
    code = """
import json
config = json.loads((base / 'input/config/inputdataconfig.json').read_text())
print({name: config[name]['TrainingInputMode'] for name in sorted(config)})
data = base / 'input/data'
print((data / 'piped_0').read_text(), (data / 'piped_1').read_text())
print(*((data / name / 'b').read_text() for name in ('file', 'fast')))
"""
    lines = printed(
        jobs,
        code,
        AlgorithmSpecification={"TrainingImage": PROBE, "TrainingInputMode": "Pipe"},
        InputDataConfig=[
            channel("piped", f"{uri}/mix/"),
            channel("file", f"{uri}/mix/", InputMode="File"),
            channel("fast", f"{uri}/mix", InputMode="FastFile"),
        ],
    )
    assert lines[-3:] == ["{'fast': 'File', 'file': 'File', 'piped': 'Pipe'}", "12 12", "2 2"]


def test_fast_file_is_read_only_in_the_sandbox(jobs: Jobs) -> None:
    """ "The channel directory is mounted as read-only"; sizes and contents are those of the objects."""
    uri = put(jobs, **{"fast/a": b"x" * 1000, "fast/sub/b": b"y"})
    code = """
folder = base / 'input/data/train'
print(*((str(p.relative_to(folder)), p.stat().st_size) for p in sorted(folder.rglob('*')) if p.is_file()))
print(len((folder / 'a').read_text()), (folder / 'sub/b').read_text())
try:
    (folder / 'a').write_text('changed')
except OSError as error:
    print(type(error).__name__, (folder / 'a').stat().st_size)
"""
    lines = printed(jobs, code, InputDataConfig=[channel("train", f"{uri}/fast", InputMode="FastFile")])
    assert lines[-3:-1] == ["('a', 1000) ('sub/b', 1)", "1000 y"]
    assert lines[-1] in ("OSError 1000", "PermissionError 1000")


def test_twenty_channels_at_once(jobs: Jobs) -> None:
    """InputDataConfig's maximum; half of them are pipes."""
    uri = put(jobs, **{f"many/{number}/x": str(number) for number in range(20)})
    code = """
data = base / 'input/data'
print(*((data / (f'c{n}_0' if n % 2 else f'c{n}/x')).read_text() for n in reversed(range(20))))
"""
    channels = [channel(f"c{n}", f"{uri}/many/{n}/", InputMode="Pipe" if n % 2 else "File") for n in range(20)]
    assert printed(jobs, code, InputDataConfig=channels) == [" ".join(map(str, reversed(range(20))))]
    error = refused(
        jobs.sagemaker.create_training_job,
        **request("too-many", InputDataConfig=[*channels, channel("c20", f"{uri}/many/1/")]),
    )
    assert "less than or equal to 20" in error["Message"]


def test_an_augmented_manifest_is_streamed_over_two_instances(jobs: Jobs) -> None:
    """The guide's example, wrapped in RecordIO; ShardedByS3Key divides the lines."""
    uri = put(jobs, **{"images/1.jpg": b"first", "images/2.jpg": b"second"})
    lines = [{"image-ref": f"{uri}/images/{n}.jpg", "is-a-cat": n % 2} for n in (1, 2)]
    put(jobs, augmented="\n".join(map(json.dumps, lines)))
    code = "print((base / 'input/data/train_0').read_bytes().hex())"
    got = printed(
        jobs,
        code,
        instances=2,
        InputDataConfig=[
            channel(
                "train",
                f"{uri}/augmented",
                InputMode="Pipe",
                RecordWrapperType="RecordIO",
                S3DataType="AugmentedManifestFile",
                S3DataDistributionType="ShardedByS3Key",
                AttributeNames=["image-ref", "is-a-cat"],
            )
        ],
    )
    magic = "0a23d7ce"
    assert got == [
        f"{magic}05000000{b'first'.hex()}000000{magic}01000000{b'1'.hex()}000000",
        f"{magic}06000000{b'second'.hex()}0000{magic}01000000{b'0'.hex()}000000",
    ]


def test_a_seed_orders_each_epoch(jobs: Jobs) -> None:
    """ShuffleConfig: another order in each epoch, the same for another job of that seed."""
    uri = put(jobs, **{f"letters/{letter}": letter for letter in "abcdefghij"})
    code = "print(*((base / f'input/data/train_{epoch}').read_text() for epoch in range(2)))"
    config = [channel("train", f"{uri}/letters/", InputMode="Pipe", ShuffleConfig={"Seed": 42})]
    once, again = (printed(jobs, code, InputDataConfig=config) for _ in range(2))
    assert once == again
    assert len({*once[0].split(), "abcdefghij"}) == 3


S3 = "s3://bucket/key"
BAD = {
    "augmented manifests in File mode": (
        channel("a", S3, S3DataType="AugmentedManifestFile", AttributeNames=["x"]),
        "AugmentedManifestFile can only be used if the channel's input mode is Pipe",
    ),
    "augmented manifests without attributes": (
        channel("a", S3, S3DataType="AugmentedManifestFile", InputMode="Pipe"),
        "needs AttributeNames",
    ),
    "a manifest that is a bucket": (channel("a", "s3://bucket/", S3DataType="ManifestFile"), "S3Uri of an object"),
    "FastFile of a manifest": (
        channel("a", S3, S3DataType="ManifestFile", InputMode="FastFile"),
        "FastFile needs S3DataType S3Prefix",
    ),
    "FastFile of gzip": (channel("a", S3, InputMode="FastFile", CompressionType="Gzip"), "Leave CompressionType out"),
    "records in File mode": (channel("a", S3, RecordWrapperType="RecordIO"), "is for input mode Pipe"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_create_refuses_a_channel(jobs: Jobs, what: str) -> None:
    """What AWS's documentation excludes, said by name of the channel before anything runs."""
    bad, sentence = BAD[what]
    error = refused(jobs.sagemaker.create_training_job, **request("refused", InputDataConfig=[bad]))
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith("Channel 'a'") and sentence in error["Message"]


def test_a_channel_may_not_have_the_name_of_another_s_pipe(jobs: Jobs) -> None:
    """/opt/ml/input/data/a_1 would be both."""
    both = [channel("a", S3, InputMode="Pipe"), channel("a_1", S3)]
    error = refused(jobs.sagemaker.create_training_job, **request("refused", InputDataConfig=both))
    assert "Channel 'a_1' has the name of a pipe of channel 'a'" in error["Message"]


def algorithm(**more: Any) -> dict[str, Any]:
    return {"TrainingImage": PROBE, "TrainingInputMode": "File", **more}


@pytest.mark.parametrize(
    "words, lines",
    [
        ({"ContainerEntrypoint": ["/bin/sh", "-c", "echo $0 $1; pwd"]}, ["/bin/sh", "/opt/ml"]),
        (
            {"ContainerEntrypoint": ["/bin/sh", "-c", 'echo "$0|$1"'], "ContainerArguments": ["a b", "$HOME"]},
            ["a b|$HOME"],
        ),
        ({"ContainerArguments": ["python", "-c", "import sys; print(sys.prefix != sys.base_prefix)"]}, ["True"]),
        ({"ContainerArguments": ["train"]}, ["trained"]),
        ({"ContainerEntrypoint": ["train"], "ContainerArguments": ["ignored"]}, ["trained"]),
    ],
    ids=["entrypoint", "both", "arguments", "train", "train as entrypoint"],
)
def test_entrypoint_and_arguments_are_docker_s(jobs: Jobs, words: dict[str, Any], lines: list[str]) -> None:
    """`docker run --entrypoint E IMAGE A…`: words, never read by a shell; without them the image's `train`."""
    if jobs.server.isolation == "none":
        lines = [line for line in lines if line != "/opt/ml"]
    name = jobs.start("print('trained')", wait=True, AlgorithmSpecification=algorithm(**words))
    described = jobs.describe(name)
    assert described["TrainingJobStatus"] == "Completed", described
    assert jobs.lines(name)[: len(lines)] == lines
    shown = described["AlgorithmSpecification"]
    assert {key: shown[key] for key in words} == words


def test_an_entrypoint_that_is_not_there_fails_saying_so(jobs: Jobs) -> None:
    """AlgorithmError: nothing was run."""
    ended = jobs.run("", AlgorithmSpecification=algorithm(ContainerEntrypoint=["/no/such/program"]))
    assert ended["TrainingJobStatus"] == "Failed"
    assert "/no/such/program" in ended["FailureReason"]


def test_the_time_series_of_metrics_can_be_asked_for(jobs: Jobs) -> None:
    """EnableSageMakerMetricsTimeSeries: CloudWatch has every value of every metric anyway."""
    name = jobs.start(
        "print('loss=0.5')",
        wait=True,
        AlgorithmSpecification=algorithm(
            EnableSageMakerMetricsTimeSeries=True, MetricDefinitions=[{"Name": "loss", "Regex": r"loss=(\S+)"}]
        ),
    )
    described = jobs.describe(name)
    assert described["AlgorithmSpecification"]["EnableSageMakerMetricsTimeSeries"] is True
    assert described["FinalMetricDataList"][0]["Value"] == 0.5


def test_the_driver_of_sdk_v3_runs(jobs: Jobs) -> None:
    """ModelTrainer of SDK v3: channels `code` and `sm_drivers`, and a shell that makes the driver executable.

    The driver needs bash, a python and a pip on PATH, and writes an environment file into /opt/ml/input.
    """
    driver = """#!/bin/bash
set -e
python=$(command -v python3 || command -v python)
echo "export SM_MODEL_DIR=/opt/ml/model" > /opt/ml/input/sm_training.env
source /opt/ml/input/sm_training.env
cd /opt/ml/input/data/code
$python script.py $SM_MODEL_DIR
"""
    uri = put(
        jobs,
        **{
            "v3/sm_drivers/sm_train.sh": driver,
            "v3/code/script.py": "import sys, pathlib; pathlib.Path(sys.argv[1], 'm').touch(); print('ran', *sys.argv)",
        },
    )
    if jobs.server.isolation == "none":
        pytest.skip("Without a sandbox there is no /opt/ml; `salvia doctor` says so.")
    path = "/opt/ml/input/data/sm_drivers/sm_train.sh"
    lines = printed(
        jobs,
        "",
        InputDataConfig=[channel("code", f"{uri}/v3/code/"), channel("sm_drivers", f"{uri}/v3/sm_drivers/")],
        AlgorithmSpecification=algorithm(
            ContainerEntrypoint=["/bin/bash"], ContainerArguments=["-c", f"chmod +x {path} && {path}"]
        ),
    )
    assert lines == ["ran script.py /opt/ml/model"]
