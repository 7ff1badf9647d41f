"""FastFile mode, mounted where the agent may mount, else downloaded.

Source: developer guide, "How Amazon SageMaker Provides Training Information" and "Access Training Data".
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .world import SOURCE, channel, eventually, python, shell

LARGE = bytes(range(256)) * 20_000  # 5 MB
OBJECTS = {"train/a": b"one", "train/sub/deep/b ü": b"two2", "train/large": LARGE, "train/empty": b"", "train-2/c": b""}
PROBE = "import sys; from salvia.agent.fastfile import mountable; sys.exit(not mountable('/mnt'))"
UNABLE = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all"]


@pytest.fixture(scope="module")
def able() -> bool:
    """Whether this machine lets an agent mount."""
    return not subprocess.run([sys.executable, "-c", PROBE], env={"PYTHONPATH": SOURCE}, check=False).returncode


@pytest.fixture(params=["mounted", "downloaded"])
def prefix(request, able) -> list[str]:
    """What to start an agent with so that it can mount, or cannot."""
    if request.param == "downloaded":
        return UNABLE if able else []
    if not able:
        pytest.skip("this machine does not let us mount a file system of our own; `salvia doctor` says so")
    return []


@pytest.fixture
def mounting(able) -> None:
    """For what only a mount can do."""
    if not able:
        pytest.skip("this machine does not let us mount a file system of our own; `salvia doctor` says so")


def fast(**members):
    return channel("train", "s3://bucket/train", InputMode="FastFile", **members)


READ = """
import os
from pathlib import Path
folder = Path(os.environ["ML"], "input/data/train")
"""


def test_files_are_there_with_their_sizes_and_contents(world, instance, prefix):
    """The prefix is a folder's, never part of a name; the program sees mode "File"."""
    world.buckets["bucket"] = dict(OBJECTS)
    script = """
for path in sorted(folder.rglob("*")):
    print(path.relative_to(folder), path.stat().st_size if path.is_file() else "/")
print(path.read_text(), (folder / "large").read_bytes() == bytes(range(256)) * 20_000, (folder / "empty").read_bytes())
print((folder / "absent").exists())
"""
    job = instance([sys.executable, "-c", READ + script], channels=[fast()]).start(prefix=prefix)
    assert job.wait()["code"] == 0, world.lines
    listed = ["a 3", "empty 0", f"large {len(LARGE)}", "sub /", "sub/deep /", "sub/deep/b ü 4"]
    assert world.lines[-8:] == [*listed, "two2 True b''", "False"]
    described = json.loads((job.ml / "input/config/inputdataconfig.json").read_text())
    assert described["train"]["TrainingInputMode"] == "File"
    assert any("so they are downloaded first" in line for line in world.lines) is bool(prefix)


def test_hosts_share_what_is_sharded(world, instance, prefix):
    """ShardedByS3Key, in this mode too."""
    world.buckets["bucket"] = {f"train/{name}": b"1" for name in "abc"}
    job = instance(
        shell("ls $ML/input/data/train"),
        channels=[fast(S3DataDistributionType="ShardedByS3Key")],
        host="algo-2",
        hosts=["algo-1", "algo-2"],
    )
    job.start(prefix=prefix).wait()
    assert world.lines[-1] == "b"


@pytest.mark.parametrize(
    "keys, said",
    [(["train/a", "train/a/b"], "needs the path that another object has"), (["other/a"], "no objects under")],
)
def test_what_cannot_be_shown_fails_before_the_program(world, instance, prefix, keys, said):
    """As in File mode."""
    world.buckets["bucket"] = dict.fromkeys(keys, b"1")
    ended = instance(shell("true"), channels=[fast()]).start(prefix=prefix).wait()
    assert ended["code"] is None and said in ended["error"]["message"]


def test_nothing_is_read_before_the_program_reads_it(world, instance, mounting):
    """ "identifies the data files but does not download them" """
    world.buckets["bucket"] = {f"train/{number}": b"x" * 1000 for number in range(500)}
    job = instance(shell("ls $ML/input/data/train | wc -l; cat $ML/input/data/train/7 | wc -c"), channels=[fast()])
    assert job.start().wait()["code"] == 0
    assert world.lines == ["500", "1000"]
    assert world.calls["GetObject"] == 1


def test_files_can_be_read_in_any_order_and_by_many(world, instance, mounting):
    """ "FastFile mode works with random access to the data" """
    world.buckets["bucket"] = {"train/large": LARGE}
    script = """
import mmap, random, threading
whole = bytes(range(256)) * 20_000
bad = []
def check(seed):
    choose = random.Random(seed)
    with open(folder / "large", "rb", buffering=0) as file:
        for _ in range(20):
            start, size = choose.randrange(len(whole)), choose.randrange(300_000)
            file.seek(start)
            got = b""
            while len(got) < size and (block := file.read(size - len(got))):
                got += block
            if got != whole[start : start + size]:
                bad.append((start, size))
threads = [threading.Thread(target=check, args=(seed,)) for seed in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with open(folder / "large", "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
    print(bad, mapped[4_000_000:4_000_004] == whole[4_000_000:4_000_004])
"""
    job = instance([sys.executable, "-c", READ + script], channels=[fast()]).start()
    assert job.wait()["code"] == 0, world.lines
    assert world.lines == ["[] True"]


def test_a_channel_is_read_only(world, instance, mounting):
    """ "The channel directory is mounted as read-only." """
    world.buckets["bucket"] = {"train/a": b"1"}
    script = (
        "cd $ML/input/data/train; for c in 'touch b' 'rm a' 'mkdir d' 'sh -c \"echo 2 > a\"'; do eval $c; done; cat a"
    )
    instance(shell(script), channels=[fast()]).start().wait()
    assert len([line for line in world.lines if "Read-only file system" in line]) == 4
    assert world.lines[-1] == "1"


def test_a_lost_connection_is_no_end_of_file(world, instance, mounting):
    """What is read goes on where it broke off."""
    world.buckets["bucket"] = {"train/large": LARGE}
    world.cut["GetObject"] = 2
    job = instance(shell("cmp $ML/input/data/train/large $ML/large && echo same"), channels=[fast()])
    job.ml.mkdir()
    (job.ml / "large").write_bytes(LARGE)
    job.start().wait()
    assert world.lines == ["same"]


def test_an_object_that_is_gone_is_an_error_to_its_reader(world, instance, mounting):
    """Never less than was there, as if it were all; the log says which."""
    world.buckets["bucket"] = {"train/a": b"1" * 1000, "train/b": b"2"}
    job = instance(shell("read x < $ML/go; cat $ML/input/data/train/a; cat $ML/input/data/train/b"), channels=[fast()])
    subprocess.run(["mkfifo", str(job.folder / "go")], check=True)
    job.ml.mkdir()
    (job.ml / "go").symlink_to(job.folder / "go")
    job.start()
    eventually(lambda: "Training" in world.phases)
    del world.buckets["bucket"]["train/a"]
    (job.folder / "go").write_text("on\n")
    assert job.wait()["code"] == 0
    assert any("Input/output error" in line for line in world.lines)
    assert any(line.startswith("s3://bucket/train/a cannot be read") for line in world.lines)
    assert world.lines[-1].endswith("2")


def test_nothing_stays_mounted_when_an_agent_is_killed(world, instance, mounting):
    """The mount is its agent's and its program's alone: with them it goes, and their folder can be deleted."""
    world.buckets["bucket"] = {"train/a": b"1"}
    script = (
        "import os, time; print(len(os.listdir(os.environ['ML'] + '/input/data/train')), flush=True); time.sleep(600)"
    )
    job = instance(["setpriv", "--pdeathsig", "KILL", *python(script)], channels=[fast()]).start()
    eventually(lambda: "1" in world.lines)
    assert str(job.ml) not in Path("/proc/mounts").read_text()
    assert not list((job.ml / "input/data/train").iterdir())  # seen from here
    job.process.kill()
    job.process.wait()
    shutil.rmtree(job.ml)


def test_nothing_stays_mounted_when_a_program_has_ended(world, instance, mounting):
    """Its agent may get another job, in the same folders."""
    world.buckets["bucket"] = {"train/a": b"1"}
    world.slow["PutObject"] = 3
    waiting = "until [ -e $ML/../go ]; do sleep 0.02; done; cat $ML/input/data/train/a"
    job = instance(shell(waiting), channels=[fast()]).start()
    mounts = Path(f"/proc/{job.process.pid}/mounts")
    eventually(lambda: "fuse.salvia" in mounts.read_text())
    (job.folder / "go").write_text("on\n")
    eventually(lambda: "Uploading" in world.phases)
    assert "fuse.salvia" not in mounts.read_text()
    assert job.wait()["code"] == 0
