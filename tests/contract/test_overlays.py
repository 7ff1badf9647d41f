"""requirements.txt of a script's source, through boto3: installed by the first job of a role, kept for the next.

Sources: the SageMaker Python SDK's "Using third-party libraries" (requirements.txt beside the entry point) and "Use
your own inference code" (code/requirements.txt in model.tar.gz); pip's documentation, "Requirements File Format".
"""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest
from tests.conftest import ROLE, Jobs, eventually
from tests.contract.test_script_mode import XGBOOST
from tests.contract.test_training_input import channel, put
from tests.endpoints import archive

# A source distribution whose build is code of its own, and needs nothing that is not here: PEP 517, "in-tree build
# backends". The package says when it was built, and what its build could do.
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
BACKEND = """
import json, os, time, uuid, zipfile
SEEN = {}
def attempt(what, action):
    try:
        SEEN[what] = repr(action())[:200]
    except Exception as error:
        SEEN[what] = f"refused: {type(error).__name__}"
def build_wheel(folder, config_settings=None, metadata_directory=None):
    if "HANG" in os.environ:
        open("/tmp/hanging", "x").close()
        time.sleep(600)
    home = %(home)r
    attempt("home", lambda: os.listdir(home))
    attempt("database", lambda: open(home + "/salvia.db", "rb").read(16))
    attempt("image", lambda: open(json.__file__, "a"))
    attempt("kept", lambda: os.mkdir("/opt/overlays/mine"))
    attempt("others", lambda: sorted(name for name in os.listdir("/opt/overlays") if len(name) == 64))
    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(folder + "/tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", f"BUILT = {uuid.uuid4().hex!r}; SEEN = {SEEN!r}")
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/entry_points.txt", "[console_scripts]\\ntiny = tiny:__str__\\n")
        wheel.writestr(info + "/RECORD", "")
    return "tiny-1.0-py3-none-any.whl"
"""
SCRIPT = """
import json, numpy, os, subprocess, tiny
for path in (tiny.__file__, os.path.dirname(tiny.__file__) + "/new.py"):
    try:
        open(path, "a")
        print("overlay writable")
    except OSError as error:
        print("overlay", error.strerror)
print("program", open("/tmp/salvia-packages/bin/tiny").readline().strip())
print("tiny", json.dumps([tiny.BUILT, tiny.SEEN]))
"""


@pytest.fixture(scope="module")
def level(jobs: Jobs) -> str:
    return jobs.server.isolation


@pytest.fixture(scope="module")
def source(jobs: Jobs) -> dict[str, bytes]:
    """The files of a script that requires what stands beside it."""
    return {
        "train.py": SCRIPT.encode(),
        "requirements.txt": b"--no-index\n./tiny\n",
        "tiny/pyproject.toml": PROJECT.encode(),
        "tiny/backend.py": (BACKEND % {"home": str(jobs.server.home)}).encode(),
    }


def start(jobs: Jobs, files: dict[str, bytes], **more: Any) -> str:
    """A job whose source is in its channel `code`."""
    prefix = f"source-{jobs.count}"
    uri = put(jobs, **{f"{prefix}/sourcedir.tar.gz": archive(**files)})
    told = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz"}
    return jobs.start(
        "",
        **{
            "HyperParameters": {name: json.dumps(value) for name, value in told.items()},
            "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
            "InputDataConfig": [channel("code", f"{uri}/{prefix}/")],
            **more,
        },
    )


def said(jobs: Jobs, name: str) -> tuple[str, dict[str, str], list[str]]:
    """Of a job that must succeed: the mark of the build that it used, what that build saw, and all lines."""
    ended = jobs.ended(name, 110)
    lines = jobs.lines(name)
    assert ended["TrainingJobStatus"] == "Completed", (ended.get("FailureReason"), lines)
    built, seen = json.loads(next(line.removeprefix("tiny ") for line in lines if line.startswith("tiny ")))
    return built, seen, lines


@pytest.fixture(scope="module")
def first(jobs: Jobs, source: dict[str, bytes]) -> tuple[str, dict[str, str], list[str]]:
    """The first job of the default role."""
    return said(jobs, start(jobs, source))


@pytest.fixture(scope="module")
def other_role(jobs: Jobs) -> str:
    """A role that may do what the default one may."""
    iam, name = jobs.server.client("iam"), f"other-{os.getpid()}"
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    allowed = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(allowed))
    return str(role["Role"]["Arn"])


def test_the_second_job_of_a_role_finds_what_the_first_installed(
    jobs: Jobs, source: dict[str, bytes], first: tuple[str, dict[str, str], list[str]], other_role: str, level: str
) -> None:
    """And another role's does not, nor one that requires something else: code of whoever built it runs in it."""
    built, _, lines = first
    assert any("Successfully installed tiny-1.0" in line for line in lines)
    second, other = start(jobs, source), start(jobs, source, RoleArn=other_role)
    changed = start(jobs, {**source, "tiny/more.py": b""})
    again, _, lines = said(jobs, second)
    if level == "none":
        assert again != built
        return
    assert again == built
    assert "The packages of requirements.txt are those that an earlier job of this role installed." in lines
    assert len({built, said(jobs, other)[0], said(jobs, changed)[0]}) == 3
    assert said(jobs, other)[1]["others"] == "[]"


def test_what_is_kept_can_only_be_read(first: tuple[str, dict[str, str], list[str]], level: str) -> None:
    """Also by the job that installed it; programs of its packages have a path that holds."""
    if level == "none":
        pytest.skip("This machine isolates no program; `salvia doctor` says so.")
    lines = first[2]
    assert [line for line in lines if line.startswith("overlay")] == ["overlay Read-only file system"] * 2
    assert "program #!/tmp/salvia-packages/bin/python" in lines


def test_code_that_runs_at_installation_has_no_more_rights_than_the_job(
    first: tuple[str, dict[str, str], list[str]], level: str
) -> None:
    """The server's data directory, its database, the image's packages and what is kept for other jobs."""
    if level == "none":
        pytest.skip("This machine isolates no program; `salvia doctor` says so.")
    seen = first[1]
    assert seen["database"].startswith("refused"), seen
    assert seen["image"].startswith("refused") and seen["kept"].startswith("refused"), seen
    assert "salvia.db" not in seen["home"], seen


def test_a_failure_of_pip_is_the_jobs(jobs: Jobs) -> None:
    """FailureReason has pip's last lines; nothing is kept of it."""
    name = start(jobs, {"train.py": b"", "requirements.txt": b"--no-index\nno-such-package==1.0\n"})
    ended = jobs.ended(name, 110)
    assert ended["TrainingJobStatus"] == "Failed"
    assert "InstallRequirementsError:\nExitCode 1" in ended["FailureReason"]
    assert "No matching distribution found for no-such-package==1.0" in ended["FailureReason"]


def test_a_build_that_is_killed_leaves_nothing(jobs: Jobs, source: dict[str, bytes]) -> None:
    """Of a half-built overlay no later job knows: the next one builds it."""
    files = {**source, "tiny/killed.py": b""}
    name = start(jobs, files, Environment={"HANG": "1"})
    instances = jobs.server.home / "runtime" / "instances"
    marker = eventually(lambda: next(instances.glob("*/tmp/hanging"), None), 110, "the build hangs")
    os.kill(int((marker.parents[1] / "pid").read_text()), signal.SIGKILL)
    assert jobs.ended(name, 110)["TrainingJobStatus"] == "Failed"
    lines = said(jobs, start(jobs, files))[2]
    assert any("Successfully installed tiny-1.0" in line for line in lines)


def test_an_isolated_job_installs_nothing(jobs: Jobs, source: dict[str, bytes], level: str) -> None:
    """pip would reach no index; AWS's guide, "Run Training and Inference Containers in Internet-Free Mode"."""
    if level == "none":
        pytest.skip("This machine isolates no program; `salvia doctor` says so.")
    reason = jobs.ended(start(jobs, source, EnableNetworkIsolation=True), 110)["FailureReason"]
    assert reason.startswith("ClientError: The source has a requirements.txt, but EnableNetworkIsolation is true"), (
        reason
    )


def test_a_model_server_has_the_requirements_of_its_code(
    jobs: Jobs, source: dict[str, bytes], other_role: str, level: str
) -> None:
    """code/requirements.txt of model.tar.gz; `salvia images` shows whose it is, and who uses it."""
    script = b"""
import tiny
def model_fn(model_dir): return tiny.BUILT
def transform_fn(model, data, content_type, accept): return model
"""
    files = {f"code/{name}": content for name, content in source.items() if name != "train.py"}
    uri = put(jobs, **{"requiring/model.tar.gz": archive(**files, **{"code/inference.py": script})})
    container = {"Image": XGBOOST, "ModelDataUrl": f"{uri}/requiring/model.tar.gz"}
    name = f"requiring-{jobs.bucket[-6:]}"
    jobs.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    jobs.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    jobs.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    try:
        jobs.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
        runtime = jobs.server.client("sagemaker-runtime")
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body="1")["Body"].read().decode()
        assert len(answer) == 32
        shown = [line for line in jobs.server.salvia("images").stdout.splitlines() if line.startswith("overlay-")]
        pruned = jobs.server.salvia("images", "prune", "--days", "0").stdout
    finally:
        jobs.sagemaker.delete_endpoint(EndpointName=name)
    if level == "none":
        assert not shown
        return
    own = [line for line in shown if f"packages of {ROLE}'s jobs" in line]
    assert own and all("may be used by " in line for line in own), shown
    others = [line.split()[0] for line in shown if f"packages of {other_role}'s jobs, last used" in line]
    assert [line.split(":")[0] for line in pruned.splitlines() if line.startswith("overlay-")] == others != []
    still = {line.split()[0] for line in jobs.server.salvia("images").stdout.splitlines()}
    assert not set(others) & still and {line.split()[0] for line in own} <= still
