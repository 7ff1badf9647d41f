"""Script mode. Sources: ENVIRONMENT_VARIABLES.md and README of AWS's SageMaker Training Toolkit; the guide, "Use
XGBoost as a framework"; the examples of AWS's XGBoost container."""

from __future__ import annotations

import io
import json
import signal
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from .conftest import Image, Outcome, addresses, diabetes_rows

PROGRAM = {"sagemaker_program": '"train.py"', "sagemaker_job_name": '"job"'}
ROWS = diabetes_rows()


def archive(path: Path, **files: str) -> Path:
    """A sourcedir.tar.gz as SDKs make it."""
    with tarfile.open(path, "w:gz") as made:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o644
            made.addfile(member, io.BytesIO(text.encode()))
    return path


def scripted(xgboost: Image, script: str, hyperparameters: dict[str, str] | None = None, host: str = "algo-1") -> Path:
    """The tree of a job whose source is an archive that holds `train.py`."""
    source = archive(xgboost.tmp / "sourcedir.tar.gz", **{"train.py": script})
    given = {**PROGRAM, "sagemaker_submit_directory": json.dumps(str(source)), **(hyperparameters or {})}
    return xgboost.base({"train/a.csv": "\n".join(ROWS[:100])}, given, "text/csv", host, [host])


def run(xgboost: Image, base: Path, **environment: str) -> Outcome:
    return xgboost.finished(xgboost.start(base, **environment), base)


def test_hyperparameters_are_arguments_and_variables(xgboost: Image) -> None:
    """JSON-encoded as SDKs send them; those of the toolkit are not the script's."""
    script = """
import json, os, sys
told = {"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}
json.dump(told, open(os.environ["SM_MODEL_DIR"] + "/told.json", "w"))
"""
    given = {
        "eta": "0.3",
        "max-depth": '"5"',
        "objective": '"reg:squarederror"',
        "plain": "text with 'quotes' and $HOME",
        "flag": "true",
        "nothing": "null",
        "n": "3",
        "layers": '{"b": 2, "a": 1}',
        "_tuning_objective_metric": "validation:rmse",
    }
    base = scripted(xgboost, script, given)
    (base / "model").mkdir()
    outcome = run(xgboost, base, OMP_NUM_THREADS="1")
    assert outcome.code == 0, outcome.log
    told = json.loads((base / "model" / "told.json").read_text())
    assert told["argv"] == [
        *("--eta", "0.3", "--flag", "True", "--layers", "a=1,b=2", "--max-depth", "5", "-n", "3"),
        *("--nothing", "", "--objective", "reg:squarederror", "--plain", "text with 'quotes' and $HOME"),
    ]
    assert told["cwd"] == str(base / "code")
    env = told["env"]
    own = {name: value for name, value in given.items() if name != "_tuning_objective_metric"}
    assert json.loads(env["SM_HPS"]) == {n: v if n == "plain" else json.loads(v) for n, v in own.items()}
    assert json.loads(env["SM_USER_ARGS"]) == told["argv"]
    expected = {
        "SM_HP_ETA": "0.3",
        "SM_HP_MAX-DEPTH": "5",
        "SM_HP_FLAG": "true",
        "SM_CHANNELS": '["train"]',
        "SM_CHANNEL_TRAIN": str(base / "input/data/train"),
        "SM_MODEL_DIR": str(base / "model"),
        "SM_OUTPUT_DIR": str(base / "output"),
        "SM_OUTPUT_DATA_DIR": str(base / "output/data"),
        "SM_INPUT_DIR": str(base / "input"),
        "SM_INPUT_CONFIG_DIR": str(base / "input/config"),
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_NUM_CPUS": "1",
        "SM_NUM_GPUS": "0",
        "SM_LOG_LEVEL": "20",
        "SM_MODULE_NAME": "train",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_FRAMEWORK_PARAMS": "{}",
    }
    assert {name: env[name] for name in expected} == expected
    training = json.loads(env["SM_TRAINING_ENV"])
    assert training["hyperparameters"]["eta"] == 0.3 and training["module_dir"].endswith("sourcedir.tar.gz")
    assert training["input_data_config"]["train"]["ContentType"] == "text/csv"


def test_a_script_trains_with_what_aws_s_container_offers(xgboost: Image) -> None:
    """The shape of AWS's example abalone.py, on one host."""
    script = """
import json, os, pandas, boto3, sklearn, xgboost
from sagemaker_containers import entry_point
from sagemaker_xgboost_container import distributed
from sagemaker_xgboost_container.data_utils import get_dmatrix
entry_point._wait_hostname_resolution()
matrix = get_dmatrix(os.environ["SM_CHANNEL_TRAIN"], "csv")
assert get_dmatrix(os.environ["SM_CHANNEL_TRAIN"] + "/absent", "csv") is None
def train(rounds, is_master):
    xgboost.train({}, matrix, rounds).save_model(os.environ["SM_MODEL_DIR"] + "/xgboost-model")
    print("master", is_master, matrix.num_row())
hosts, host = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
distributed.rabit_run(train, {"rounds": 3}, True, hosts, host, update_rabit_args=True)
"""
    base = scripted(xgboost, script, host="127.0.0.1")
    (base / "model").mkdir()
    outcome = run(xgboost, base)
    assert outcome.code == 0, outcome.log
    assert "master True 100" in outcome.log
    assert outcome.model.exists()


@pytest.mark.parametrize("included", [[True, True, True], [True, False, True], [False, True, False]])
def test_a_script_trains_on_several_hosts(xgboost: Image, included: list[bool]) -> None:
    """distributed.rabit_run: those with data train one model; the others end well."""
    script = """
import json, os, sys
sys.modules["sklearn"] = sys.modules["pandas"] = None  # three quarters of the time that `import xgboost` takes
import xgboost, numpy
from sagemaker_xgboost_container import distributed
hosts, host = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
mine = json.loads(os.environ["SM_HP_INCLUDED"])[hosts.index(host)]
rows = numpy.loadtxt(os.environ["SM_CHANNEL_TRAIN"] + "/a.csv", delimiter=",")[hosts.index(host)::3]
def train(is_master):
    model = xgboost.train({"nthread": 1}, xgboost.DMatrix(rows[:, 1:], rows[:, 0]), 3)
    print("trained", is_master, hash(bytes(model.save_raw("json"))) % 1000003)
distributed.rabit_run(train, {}, mine, hosts, host, update_rabit_args=True)
"""
    hosts = addresses(3)
    source = archive(xgboost.tmp / "s.tar.gz", **{"train.py": script})
    given = {**PROGRAM, "sagemaker_submit_directory": json.dumps(str(source)), "included": json.dumps(included)}
    bases = [xgboost.base({"train/a.csv": "\n".join(ROWS)}, given, "text/csv", host, hosts) for host in hosts]
    started = [xgboost.start(base, PYTHONHASHSEED="0") for base in bases]
    outcomes = [xgboost.finished(process, base) for process, base in zip(started, bases, strict=True)]
    assert [outcome.code for outcome in outcomes] == [0, 0, 0], "\n".join(outcome.log for outcome in outcomes)
    lines = [[line for line in outcome.log.splitlines() if line.startswith("trained")] for outcome in outcomes]
    assert [bool(line) for line in lines] == included
    said = [line[0].split() for line in lines if line]
    assert [words[1] for words in said] == ["True"] + ["False"] * (len(said) - 1)
    assert len({words[2] for words in said}) == 1  # one model


def test_a_failure_is_told_as_aws_s_toolkit_tells_it(xgboost: Image) -> None:
    """ExecuteUserScriptError with the exit code, the traceback's end and the command."""
    base = scripted(xgboost, "print('begun')\nraise ValueError('no such column: ' + 'x' * 2000 + ' end')", {"eta": "1"})
    outcome = run(xgboost, base)
    assert outcome.code == 1
    assert outcome.failure.startswith('ExecuteUserScriptError:\nExitCode 1\nErrorMessage "')
    assert 'xxx end"\nCommand "' in outcome.failure
    assert outcome.failure.endswith('train.py --eta 1"')
    assert len(f"AlgorithmError: {outcome.failure}, exit code: 255") <= 1024
    assert "begun" in outcome.log and "Traceback (most recent call last)" in outcome.log


@pytest.mark.parametrize("script, code", [("import sys; sys.exit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)])
def test_the_exit_code_is_the_script_s(xgboost: Image, script: str, code: int) -> None:
    """128 + n for a signal, as a shell says it."""
    outcome = run(xgboost, scripted(xgboost, script))
    assert outcome.code == code
    assert f"ExitCode {code}" in outcome.failure


def test_what_the_script_says_itself_stands(xgboost: Image) -> None:
    """/opt/ml/output/failure is its to write."""
    script = "import os, sys; open(os.environ['SM_OUTPUT_DIR'] + '/failure', 'w').write('mine'); sys.exit(1)"
    base = scripted(xgboost, script)
    (base / "output").mkdir()
    assert run(xgboost, base).failure == "mine"


def test_a_stop_reaches_the_script(xgboost: Image) -> None:
    """SIGTERM is sent to the container's first process; what it writes then is its model."""
    script = """
import os, signal, sys, time
def end(*_):
    open(os.environ["SM_MODEL_DIR"] + "/half", "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""
    base = scripted(xgboost, script)
    (base / "model").mkdir()
    process = xgboost.start(base)
    deadline = time.monotonic() + 30
    while "ready" not in (base / "log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert xgboost.finished(process, base).code == 0
    assert (base / "model" / "half").exists()


def test_a_shell_script_is_a_program_too(xgboost: Image) -> None:
    """Whatever is no Python goes through a shell, its arguments quoted."""
    source = archive(xgboost.tmp / "sourcedir.tar.gz", **{"go.sh": '#!/bin/sh\necho "got $2"\n'})
    given = {"sagemaker_program": "go.sh", "sagemaker_submit_directory": str(source), "eta": "a b; echo $0"}
    outcome = run(xgboost, xgboost.base({"train/a": "1"}, given, None))
    assert outcome.code == 0, outcome.log
    assert "got a b; echo $0" in outcome.log


def test_a_folder_is_a_source(xgboost: Image) -> None:
    """SDK v3 and network isolation: the code comes in a channel."""
    given = {**PROGRAM, "sagemaker_submit_directory": '"/opt/ml/input/data/code"'}
    files = {"code/train.py": "import helper; print(helper.word)", "code/helper.py": "word = 'imported'"}
    outcome = run(xgboost, xgboost.base(files, given, None))
    assert outcome.code == 0, outcome.log
    assert "imported" in outcome.log


@pytest.mark.parametrize("kind", ["path", "link", "device"])
def test_an_archive_writes_nothing_outside(xgboost: Image, kind: str) -> None:
    """A name that climbs, a link that leads out, a device: refused, and nothing of it is there."""
    path = xgboost.tmp / "evil.tar.gz"
    with tarfile.open(path, "w:gz") as made:
        member = tarfile.TarInfo("../../outside" if kind == "path" else "inside")
        if kind == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        if kind == "device":
            member.type = tarfile.CHRTYPE
        made.addfile(member)
    given = {**PROGRAM, "sagemaker_submit_directory": json.dumps(str(path))}
    base = xgboost.base({"train/a": "1"}, given, None)
    outcome = run(xgboost, base)
    assert outcome.code == 1
    assert outcome.failure.startswith("ClientError: sagemaker_submit_directory")
    assert "cannot be unpacked" in outcome.failure
    assert not (base.parent / "outside").exists() and not (base / "code" / "inside").exists()


def test_a_missing_script_names_what_there_is(xgboost: Image) -> None:
    """The commonest mistake: the entry point's name."""
    source = archive(xgboost.tmp / "sourcedir.tar.gz", **{"trian.py": "", "other.py": ""})
    given = {**PROGRAM, "sagemaker_submit_directory": json.dumps(str(source))}
    outcome = run(xgboost, xgboost.base({"train/a": "1"}, given, None))
    assert "sagemaker_program is 'train.py', which" in outcome.failure
    assert "it has other.py, trian.py" in outcome.failure


def wheel(version: str) -> bytes:
    """A package `threadpoolctl`, which the image has in another version, as a wheel."""
    made = io.BytesIO()
    info = f"threadpoolctl-{version}.dist-info"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("threadpoolctl.py", f"__version__ = '{version}'")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: threadpoolctl\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return made.getvalue()


def test_requirements_are_installed_above_the_image(xgboost: Image) -> None:
    """requirements.txt of the source; another version of what the image has wins, and the rest stays visible."""
    script = "import numpy, threadpoolctl; print('version', threadpoolctl.__version__)"
    files = {
        "code/train.py": script,
        "code/requirements.txt": "--no-index\n--find-links .\nthreadpoolctl==99.0\nnumpy\n",
        "code/threadpoolctl-99.0-py3-none-any.whl": wheel("99.0"),
    }
    given = {**PROGRAM, "sagemaker_submit_directory": '"/opt/ml/input/data/code"'}
    outcome = run(xgboost, xgboost.base(files, given, None))
    assert outcome.code == 0, outcome.log
    assert "version 99.0" in outcome.log
    files["code/requirements.txt"] = "--no-index\nthere-is-no-such-package\n"
    outcome = run(xgboost, xgboost.base(files, given, None))
    assert outcome.code == 1
    assert outcome.failure.startswith("InstallRequirementsError:\nExitCode 1\n")
    assert "there-is-no-such-package" in outcome.failure
