"""What a hostile program lays in the agent's way. The agent is outside the sandbox, and follows nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from salvia.agent.failure import JobError
from salvia.agent.tree import has_files, members, open_file, open_folder

from .world import channel, python, shell


def walk(ml: Path, *names: str) -> tuple[dict[str, str | None], list[str]]:
    said: list[str] = []
    return {entry.name: entry.link for entry in members(str(ml), names or ("model",), said.append)}, said


@pytest.mark.parametrize("folder", ["model", "output/data", "output"])
@pytest.mark.parametrize("compression", ["GZIP", "NONE"])
def test_a_folder_replaced_by_a_link_fails_the_job_and_brings_nothing(world, instance, tmp_path, folder, compression):
    """`ln -s SALVIA_HOME /opt/ml/model` would otherwise upload the server's database as the job's model."""
    (tmp_path / "home" / "data").mkdir(parents=True)
    (tmp_path / "home" / "salvia.db").write_text("secret")
    (tmp_path / "home" / "data" / "salvia.db").write_text("secret")
    job = instance(shell(f"rm -rf $ML/{folder}; ln -s {tmp_path}/home $ML/{folder}"), compression=compression)
    ended = job.start().wait()
    assert ended["error"]["code"] == "AlgorithmError"
    assert "no folder any more" in ended["error"]["message"]
    assert not any(b"secret" in body for body in world.buckets["bucket"].values())
    assert not any("data" in key or "model/" in key for key in world.buckets["bucket"])


@pytest.mark.parametrize(
    "script",
    [
        "ln -s $SECRET $ML/output/failure",
        "rm -rf $ML/output; ln -s $(dirname $SECRET) $ML/output",
        "mkfifo $ML/output/failure",
        "mkdir $ML/output/failure",
    ],
)
def test_a_failure_file_that_is_none_is_not_read(instance, tmp_path, script):
    """It would become the FailureReason, for all to read."""
    (tmp_path / "failure").write_text("secret")
    job = instance(shell(f"{script}; exit 1"), environment={"SECRET": str(tmp_path / "failure")})
    ended = job.start().wait()
    assert (ended["code"], ended["failure"]) == (1, None)


@pytest.mark.parametrize(
    "target, kept",
    [
        ("a", "a"),
        ("/opt/ml/model/a", "a"),
        ("/opt/ml/model", "."),
        ("/opt/ml/modelling", None),
        ("/opt/ml/model/../../../etc/passwd", None),
        ("../model/a", None),
        ("s/../../x", None),
        ("/etc/passwd", None),
    ],
)
def test_only_links_that_cannot_leave_the_folder_are_kept(tmp_path, target, kept):
    """`s/..` is elsewhere if `s` is a link, so a target that climbs after its first name is left out."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "l").symlink_to(target)
    found, said = walk(tmp_path)
    assert found.get("l") == kept
    assert len(said) == (kept is None)


def test_names_that_are_no_text_are_escaped_in_the_log(world, instance):
    """A line break in a name makes no line of its own, and bytes that are no UTF-8 no failure."""
    ended = instance(
        python(
            "import os; os.chdir(os.environ['ML'] + '/model'); os.symlink('/x', 'a\\nb');"
            " os.symlink('/x', b'\\xff'); open('c', 'w').close()"
        )
    )
    assert ended.start().wait()["error"] is None
    assert sorted(line.partition(" ")[0] for line in world.lines) == [
        "/opt/ml/model/\\udcff",
        "/opt/ml/model/a\\nb",
    ]


def test_a_file_larger_than_the_disk_is_refused(tmp_path):
    """A sparse file of 4 EiB costs its program nothing, and would be read for years."""
    (tmp_path / "model").mkdir()
    with (tmp_path / "model" / "hole").open("wb") as file:
        os.truncate(file.fileno(), 1 << 43)
    with pytest.raises(JobError, match="with holes"):
        walk(tmp_path)


def test_folders_too_deep_are_refused(tmp_path):
    """Each level holds a descriptor of the agent's."""
    (tmp_path / "model").mkdir()
    here = os.open(tmp_path / "model", os.O_RDONLY)
    for _ in range(150):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    with pytest.raises(JobError, match="levels deep"):
        walk(tmp_path)


def test_an_entry_swapped_for_a_link_after_it_was_seen_is_not_opened(tmp_path):
    """Between looking and opening, a program that still lives has all the time it needs."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a").write_text("a")
    for entry in members(str(tmp_path), ("model",), lambda _: None):
        (tmp_path / "model" / "a").unlink()
        (tmp_path / "model" / "a").symlink_to(tmp_path / "secret")
        with pytest.raises(OSError, match="symbolic link"):
            entry.open()


def test_a_folder_swapped_for_a_link_after_it_was_seen_is_not_entered(tmp_path):
    """The same for a folder in the middle of a path."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").write_text("secret")
    (tmp_path / "model" / "d").mkdir(parents=True)
    walked = members(str(tmp_path), ("model",), lambda _: None)
    assert next(walked).name == "d"
    (tmp_path / "model" / "d").rmdir()
    (tmp_path / "model" / "d").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JobError):
        list(walked)


def test_a_pipe_is_not_waited_for(tmp_path):
    """Opening one for reading blocks until somebody writes."""
    os.mkfifo(tmp_path / "pipe")
    folder = open_folder(str(tmp_path))
    try:
        with pytest.raises(OSError, match="not a regular file"):
            open_file(folder, "pipe")
    finally:
        os.close(folder)


def test_a_missing_folder_holds_nothing(tmp_path):
    """A program may delete /opt/ml/output/data: then there is no output."""
    assert not has_files(str(tmp_path), ("output", "data"))


@pytest.mark.parametrize("name", [".", ".."])
def test_a_channel_cannot_be_named_like_a_path(world, instance, name):
    """The model's pattern allows it: its files would lie among the configuration."""
    world.buckets["bucket"]["config/resourceconfig.json"] = b"{}"
    ended = instance(shell("true"), channels=[channel(name, "s3://bucket/")]).start().wait()
    assert "no folder can have that name" in ended["error"]["message"]
    assert ended["code"] is None


def test_input_that_is_a_link_is_replaced_and_not_followed(world, instance, tmp_path):
    """The tree is made below what is really there."""
    (tmp_path / "elsewhere").mkdir()
    job = instance(shell("test ! -L $ML/input"))
    job.ml.mkdir()
    (job.ml / "input").symlink_to(tmp_path / "elsewhere")
    assert job.start().wait()["code"] == 0
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_requests_variables_stay_out_of_what_stands_around_the_program(instance):
    """`outside` is the environment of shell and sandbox; the program's own come by descriptor 9."""
    job = instance(
        python("import os; os.write(1, os.read(9, 65536)); print(os.environ.get('LD_PRELOAD'), os.environ['A'])"),
        environment={"LD_PRELOAD": "/no/such.so"},
    )
    job.spec["program"]["outside"] = {"A": "outside"}
    ended = job.start().wait()
    assert ended["code"] == 0
    (line,) = ended["log_tail"]
    assert "--setenv\0LD_PRELOAD\0/no/such.so\0" in line
    assert line.endswith("None outside")


def test_a_variable_that_would_end_its_word_is_refused(instance):
    """A NUL in a value would make options of the sandbox of what comes behind it."""
    job = instance(shell("true"), environment={"A": "1\0--bind\0/\0/"})
    job.spec["program"]["outside"] = {}
    assert "'A' cannot be a variable" in job.start().wait()["error"]["message"]


def test_no_output_makes_a_report_too_long_to_be_accepted(world, instance):
    """The gateway takes 256 KiB; of a character beyond the basic plane JSON makes twelve bytes."""
    script = "import os; face = chr(0x1F600) * 2000; open(os.environ['ML'] + '/output/failure', 'w').write(face)"
    ended = instance(python(script + "; print(*[face] * 30, sep=chr(10)); raise SystemExit(1)")).start().wait()
    assert len(ended["log_tail"]) == 20
    assert len(json.dumps(world.reports[-1])) < 128 * 1024
