"""Artifacts. Sources: developer guide, "Use the SageMaker training storage paths"; API_OutputDataConfig."""

from __future__ import annotations

import io
import tarfile

import pytest

from .world import ROLE, python, shell

MODEL = "out/job/output/model.tar.gz"


def names(world, key: str = MODEL) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(world.buckets["bucket"][key])) as archive:
        return {member.name: member for member in archive}


def test_the_same_files_make_the_same_archive(world, instance):
    """Names, contents and permissions decide; neither time nor the order of writing."""
    instance(shell("cd $ML/model; mkdir d; echo 1 > d/a; echo 2 > b")).start().wait()
    first = world.buckets["bucket"].pop(MODEL)
    instance(shell("cd $ML/model; echo 2 > b; mkdir d; echo 1 > d/a; touch -d 2001-01-01 b d/a")).start().wait()
    assert world.buckets["bucket"][MODEL] == first
    assert list(names(world)) == ["b", "d", "d/a"]


def test_links_out_of_the_folder_are_left_out_and_said(world, instance, tmp_path):
    """A model must not carry, or later open, files of another place."""
    (tmp_path / "secret").write_text("secret")
    instance(
        shell(
            "cd $ML/model; echo 1 > a; ln -s a inside; ln -s /opt/ml/model/a absolute; mkdir d;"
            "ln -s ../a d/up;"
            f"ln -s {tmp_path}/secret secret; ln -s ../../run/token up; ln -s / d/root"
        )
    ).start().wait()
    found = names(world)
    assert set(found) == {"a", "inside", "absolute", "d", "d/up"}
    assert {name: member.linkname for name, member in found.items() if member.issym()} == {
        "inside": "a",
        "absolute": "a",
        "d/up": "../a",
    }
    assert sorted(line.split()[0] for line in world.lines) == [
        "/opt/ml/model/d/root",
        "/opt/ml/model/secret",
        "/opt/ml/model/up",
    ]


def test_sockets_and_pipes_are_left_out_and_said(world, instance):
    """Reading a pipe would wait for ever."""
    script = """
import os, socket
os.chdir(os.environ["ML"] + "/model")
os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("sock")
open("m", "w")
"""
    instance(python(script)).start().wait()
    assert set(names(world)) == {"m"}
    assert {line.split()[0] for line in world.lines} == {"/opt/ml/model/pipe", "/opt/ml/model/sock"}


def test_permissions_stay_and_special_bits_go(world, instance):
    """A set-uid file has no business in a model."""
    instance(shell("cd $ML/model; echo > a; chmod 6755 a")).start().wait()
    assert names(world)["a"].mode == 0o755
    assert (names(world)["a"].uid, names(world)["a"].uname, names(world)["a"].mtime) == (0, "", 0)


def test_a_job_without_a_model_uploads_an_empty_archive(world, instance):
    """As AWS does; the output data, if none, make none."""
    ended = instance(shell("mkdir $ML/output/data/empty")).start().wait()
    assert ended["artifacts"] == {"model": f"s3://bucket/{MODEL}"}
    assert names(world) == {}


def test_a_large_model_goes_up_in_parts_and_whole(world, instance):
    """Bytes that do not compress, past the size from which parts are used."""
    script = "import os; open(os.environ['ML'] + '/model/m', 'wb').write(os.urandom(70 << 20))"
    job = instance(python(script))
    job.start().wait(60)
    assert world.calls["UploadPart"] >= 2
    with tarfile.open(fileobj=io.BytesIO(world.buckets["bucket"][MODEL])) as archive:
        assert archive.extractfile("m").read() == (job.ml / "model" / "m").read_bytes()
    assert not (job.folder / "model.tar.gz").exists()


def test_compression_none_uploads_the_files(world, instance):
    """API_OutputDataConfig, CompressionType NONE: below output/model/."""
    ended = (
        instance(shell("cd $ML/model; mkdir d; echo 1 > d/a; echo 2 > b; ln -s b c"), compression="NONE").start().wait()
    )
    assert ended["artifacts"] == {"model": "s3://bucket/out/job/output/model/"}
    assert world.buckets["bucket"] == {"out/job/output/model/d/a": b"1\n", "out/job/output/model/b": b"2\n"}
    assert "/opt/ml/model/c is not uploaded" in world.lines[0]


def test_another_host_uploads_nothing_and_says_so(world, instance):
    """One archive a job; what a further host leaves is named in its log."""
    ended = instance(shell("echo > $ML/model/m"), host="algo-2", hosts=["algo-1", "algo-2"]).start().wait()
    assert ended["artifacts"] == {} == world.buckets["bucket"]
    assert world.lines == ["/opt/ml/model of algo-2 holds files, which are not uploaded: only those of algo-1 are."]


def test_a_missing_output_bucket_is_named(world, instance):
    """The job fails after training: its reason must be plain."""
    ended = instance(shell("true"), output={"S3OutputPath": "s3://nowhere/out"}).start().wait()
    assert ended["error"]["code"] == "ClientError"
    assert "there is no bucket 'nowhere'" in ended["error"]["message"]


def test_a_denial_names_role_and_action(world, instance):
    """With the resource to allow it on."""
    world.denied.add("s3:PutObject")
    ended = instance(shell("true")).start().wait()
    assert ROLE in ended["error"]["message"]
    assert "Allow s3:PutObject on arn:aws:s3:::bucket/out/job/output/*" in ended["error"]["message"]


def test_a_failed_programs_reason_is_not_hidden_by_a_failed_upload(world, instance):
    """What went wrong first is the reason; the other is told beside it."""
    world.denied.add("s3:PutObject")
    ended = instance(shell("echo > $ML/output/data/x; exit 4")).start().wait()
    assert (ended["code"], ended["error"]) == (4, None)
    assert "s3:PutObject" in world.reports[-1]["message"]


@pytest.mark.parametrize("path, key", [("s3://bucket", "job/output"), ("s3://bucket/a//", "a/job/output")])
def test_an_output_path_ends_as_it_likes(world, instance, path, key):
    """With or without a slash, or a prefix at all."""
    instance(shell("true"), output={"S3OutputPath": path}).start().wait()
    assert list(world.buckets["bucket"]) == [f"{key}/model.tar.gz"]
