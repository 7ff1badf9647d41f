"""Programs that misbehave: each ends as a Failed job whose reason gives cause and remedy, and harms nothing else."""

from __future__ import annotations

import time

import pytest
from tests.conftest import Jobs


@pytest.fixture(scope="module", autouse=True)
def deaf(jobs: Jobs) -> str:
    """A job that is two minutes about its end, while the others run."""
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"
    return jobs.start(code, StoppingCondition={"MaxRuntimeInSeconds": 1})


def test_an_exit_code_fails_the_job_and_quotes_the_last_line(jobs: Jobs) -> None:
    """The guide, 'How Amazon SageMaker signals algorithm success and failure': any other code is a failure."""
    ended = jobs.run("print('no such column: price'); raise SystemExit(3)")
    assert ended["TrainingJobStatus"] == "Failed"
    assert ended["FailureReason"].startswith("AlgorithmError: ")
    assert "exit code 3" in ended["FailureReason"]
    assert "no such column: price" in ended["FailureReason"]


def test_the_failure_file_becomes_the_reason(jobs: Jobs) -> None:
    """The guide: the first 1,024 characters of /opt/ml/output/failure are returned as FailureReason."""
    ended = jobs.run(
        "(base/'output/failure').write_text('the label column is empty\\n' + 'x' * 2000); raise SystemExit(1)"
    )
    assert ended["FailureReason"].startswith("AlgorithmError: the label column is empty")
    assert len(ended["FailureReason"]) <= 1024


def test_a_killed_program_says_with_which_signal(jobs: Jobs) -> None:
    """Promised: A killed program: Failed, saying with which signal."""
    ended = jobs.run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert ended["TrainingJobStatus"] == "Failed"
    assert "SIGSEGV" in ended["FailureReason"]


def test_a_program_that_fills_its_memory_is_told_so(jobs: Jobs) -> None:
    """Reported as out of memory, with the remedy; the server lives on."""
    code = "chunks = []\nwhile True: chunks.append(bytearray(64 << 20))"
    ended = jobs.run(code, ResourceConfig={"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1})
    assert ended["TrainingJobStatus"] == "Failed"
    assert "memory" in ended["FailureReason"].lower()
    assert "instance type" in ended["FailureReason"].lower()


def test_a_fork_bomb_is_contained(jobs: Jobs) -> None:
    """It cannot start processes without end, and what it started is gone afterwards."""
    code = """
import os, time
children = 0
try:
    while children < 20000:
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
        children += 1
except OSError as error:
    print('stopped after', children, error)
    raise SystemExit(9)
"""
    ended = jobs.ended(jobs.start(code, name="fork-bomb"), timeout=100)
    assert ended["TrainingJobStatus"] == "Failed"
    assert any("stopped after" in line for line in jobs.lines("fork-bomb"))


@pytest.mark.timeout(200)
def test_a_program_that_prints_without_end_loses_no_line(jobs: Jobs) -> None:
    """30 MB of lines (the bench prints 1 GB): each arrives once, in order."""
    count = 300_000
    code = f"import sys\nfor n in range({count}): sys.stdout.write(f'{{n:08d}} ' + 'x' * 91 + chr(10))"
    began = time.monotonic()
    name = jobs.start(code, name="talkative")
    ended = jobs.ended(name, timeout=100)
    assert ended["TrainingJobStatus"] == "Completed"
    numbers = [int(line[:8]) for line in jobs.lines(name)]
    assert numbers == list(range(count))
    assert time.monotonic() - began < 110


def test_a_daemon_left_behind_does_not_outlive_its_job(jobs: Jobs) -> None:
    """What a program starts is ended with it."""
    code = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: time.sleep(1)
    os._exit(0)
print('left', flush=True)
"""
    ended = jobs.run(code)
    assert ended["TrainingJobStatus"] == "Completed"


def test_a_program_cannot_reach_the_server_s_state(jobs: Jobs) -> None:
    """Job programs see neither the data directory nor the agent's token."""
    code = f"""
import os
home = {str(jobs.server.home)!r}
for path in ('salvia.db', 'credentials.json', 'secret.key'):
    try:
        open(os.path.join(home, path), 'rb').read()
    except OSError as error:
        print('refused', path)
"""
    name = jobs.start(code, wait=True)
    if jobs.server.isolation == "none":
        pytest.skip("This machine isolates no program; `salvia doctor` says so.")
    assert [line for line in jobs.lines(name) if line.startswith("refused")] == [
        "refused salvia.db",
        "refused credentials.json",
        "refused secret.key",
    ]


def test_a_program_that_ignores_sigterm_is_killed_after_its_time(jobs: Jobs, deaf: str) -> None:
    """MaxRuntimeInSeconds, then SIGTERM; API_StoppingCondition gives it 120 seconds, then SIGKILL."""
    jobs.reaches(deaf, "Stopping")
    jobs.server.client("sagemaker").stop_training_job(TrainingJobName=deaf)
    ended = jobs.ended(deaf, timeout=150)
    assert ended["TrainingJobStatus"] == "Stopped"
    assert ended["SecondaryStatus"] == "MaxRuntimeExceeded"
