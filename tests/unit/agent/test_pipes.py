"""Pipe mode. Sources: developer guide, "How Amazon SageMaker Provides Training Information"; API_Channel."""

from __future__ import annotations

import gzip
import json
import struct

import pytest

from .world import channel, eventually, python, shell

READ = """
import os
data = os.environ["ML"] + "/input/data/"
for name in os.environ["PIPES"].split():
    while not os.path.exists(data + name):
        pass
    with open(data + name, "rb") as pipe:
        content = pipe.read()
    with open(os.environ["ML"] + "/" + name, "wb") as copy:
        copy.write(content)
"""


def streamed(world, instance, names, *channels, **changes) -> list[bytes]:
    """What a program reads from the pipes with these names, one after the other."""
    job = instance(
        python(READ), channels=list(channels), input_mode="Pipe", environment={"PIPES": " ".join(names)}, **changes
    )
    ended = job.start().wait()
    assert ended["code"] == 0, (ended, world.lines)
    assert not list((job.ml / "input" / "data").iterdir())
    return [(job.ml / name).read_bytes() for name in names]


def records(stream: bytes) -> list[bytes]:
    """The records of a RecordIO stream, each checked for its magic number and its padding."""
    found = []
    while stream:
        magic, length = struct.unpack_from("<II", stream)
        assert magic == 0xCED7230A
        padded = (length + 3) & ~3
        assert len(stream) >= 8 + padded and not any(stream[8 + length : 8 + padded])
        found.append(stream[8 : 8 + length])
        stream = stream[8 + padded :]
    return found


def test_objects_are_streamed_in_order_epoch_after_epoch(world, instance):
    """CHANNEL_0, CHANNEL_1, …; inputdataconfig.json says Pipe; no pipe is left at the end."""
    world.buckets["bucket"] = {"train/b": b"2" * 300_000, "train/a": b"1", "train/": b"", "train/c": b""}
    whole = b"1" + b"2" * 300_000
    got = streamed(world, instance, ["train_0", "train_1", "train_2"], channel("train", "s3://bucket/train"))
    assert got == [whole] * 3


def test_every_channel_has_its_pipes(world, instance):
    """ "There is no sequencing restriction across channel types"; InputMode overrides the algorithm's."""
    world.buckets["bucket"] = {"train/a": b"1", "test/a": b"2", "file/a": b"3"}
    job = instance(
        shell("cat $ML/input/data/test_0 $ML/input/data/file/a $ML/input/data/train_0 $ML/input/data/test_1; echo"),
        input_mode="Pipe",
        channels=[
            channel("train", "s3://bucket/train/"),
            channel("test", "s3://bucket/test/"),
            channel("file", "s3://bucket/file/", InputMode="File"),
        ],
    )
    assert job.start().wait()["code"] == 0
    assert world.lines == ["2312"]
    described = json.loads((job.ml / "input/config/inputdataconfig.json").read_text())
    assert {name: entry["TrainingInputMode"] for name, entry in described.items()} == {
        "train": "Pipe",
        "test": "Pipe",
        "file": "File",
    }


def test_gzip_objects_are_decompressed(world, instance):
    """API_Channel, CompressionType."""
    world.buckets["bucket"] = {"train/a": gzip.compress(b"1" * 100_000), "train/b": gzip.compress(b"2")}
    assert streamed(world, instance, ["train_0"], channel("train", "s3://bucket/train/", CompressionType="Gzip")) == [
        b"1" * 100_000 + b"2"
    ]


def test_record_io_wraps_each_object(world, instance):
    """API_Channel, RecordWrapperType: "wraps each individual S3 object in a RecordIO record"."""
    contents = {f"train/{size:08}": bytes([size % 251]) * size for size in (0, 1, 4, 9_000_001)}
    world.buckets["bucket"] = dict(contents)
    wrapped = channel("train", "s3://bucket/train/", RecordWrapperType="RecordIO")
    (stream,) = streamed(world, instance, ["train_0"], wrapped)
    assert records(stream) == list(contents.values())


def test_a_seed_shuffles_each_epoch_and_no_two_alike(world, instance):
    """API_ShuffleConfig: at the start of every epoch, determined by the seed."""
    world.buckets["bucket"] = {f"train/{letter}": letter.encode() for letter in "abcdefghijklmnop"}
    shuffled = channel("train", "s3://bucket/train/", ShuffleConfig={"Seed": 3})
    names = ["train_0", "train_1"]
    once, again = (streamed(world, instance, names, shuffled) for _ in range(2))
    assert once == again
    assert len({*once, b"abcdefghijklmnop"}) == 3
    assert {bytes(sorted(epoch)) for epoch in once} == {b"abcdefghijklmnop"}


def test_shuffled_shards_move_between_hosts(world, instance):
    """ "the content sent to a particular node on the first epoch might be sent to a different node on the second" """
    world.buckets["bucket"] = {f"train/{letter}": letter.encode() for letter in "abcdefghijklmnop"}
    source = channel("train", "s3://bucket/train/", ShuffleConfig={"Seed": 3}, S3DataDistributionType="ShardedByS3Key")
    hosts, names = ["algo-1", "algo-2"], ["train_0", "train_1"]
    shares = [streamed(world, instance, names, source, host=host, hosts=hosts) for host in hosts]
    for epoch in range(2):
        assert bytes(sorted(shares[0][epoch] + shares[1][epoch])) == b"abcdefghijklmnop"
    assert set(shares[0][0]) != set(shares[0][1])


def augmented(world, lines, **members):
    """A channel of an augmented manifest."""
    world.buckets["bucket"] = {
        "m": b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines),
        "images/1.jpg": b"<first>",
        "images/2.jpg": b"<second>",
    }
    made = channel("train", "s3://bucket/m", S3DataType="AugmentedManifestFile", **members)
    made["DataSource"]["S3DataSource"]["AttributeNames"] = ["image-ref", "is-a-cat"]
    return made


LINES = [
    {"is-a-cat": 1, "image-ref": "s3://bucket/images/1.jpg", "other": "x"},
    {"image-ref": "s3://bucket/images/2.jpg", "is-a-cat": {"a": [0]}},
]


def test_an_augmented_manifest_streams_its_attributes_in_order(world, instance):
    """The guide's example; AttributeNames gives the order, `-ref` attributes are the objects' bytes."""
    assert streamed(world, instance, ["train_0"], augmented(world, LINES)) == [b'<first>1<second>{"a": [0]}']


def test_an_augmented_manifest_is_wrapped_value_by_value(world, instance):
    """recordio_formatted(s3://…/image1.jpg)recordio_formatted("1")…"""
    (stream,) = streamed(world, instance, ["train_0"], augmented(world, LINES, RecordWrapperType="RecordIO"))
    assert records(stream) == [b"<first>", b"1", b"<second>", b'{"a": [0]}']


def test_an_augmented_manifest_is_divided_by_lines(world, instance):
    """ShardedByS3Key, of the lines; shuffled, the order of the lines is (API_ShuffleConfig)."""
    sharded = augmented(world, [*LINES, b""], S3DataDistributionType="ShardedByS3Key")
    got = streamed(world, instance, ["train_0"], sharded, host="algo-2", hosts=["algo-1", "algo-2"])
    assert got == [b'<second>{"a": [0]}']


@pytest.mark.parametrize(
    "line, said",
    [
        (b"{", "line 3 of s3://bucket/m is not JSON"),
        (b"[]", "line 3 of s3://bucket/m is no JSON object"),
        ({"image-ref": "s3://bucket/images/1.jpg"}, "line 3 of s3://bucket/m lacks the attribute 'is-a-cat'"),
        ({"image-ref": 7, "is-a-cat": 1}, "line 3 of s3://bucket/m has 7 as 'image-ref', which is no URI"),
    ],
)
def test_a_bad_line_fails_the_job_before_its_program(world, instance, line, said):
    """By its number, and before anything was paid for."""
    job = instance(shell("true"), channels=[augmented(world, [*LINES, line])], input_mode="Pipe")
    ended = job.start().wait()
    assert ended["code"] is None
    assert said in ended["error"]["message"]


def test_an_object_that_is_missing_ends_the_job_without_an_end_of_file(world, instance):
    """A program that took a broken stream for all there is would make a model of half the data."""
    lines = [*LINES, {"image-ref": "s3://bucket/images/3.jpg", "is-a-cat": 1}]
    job = instance(
        shell("cat $ML/input/data/train_0; touch $ML/model/whole; sleep 60"),
        channels=[augmented(world, lines)],
        input_mode="Pipe",
    )
    ended = job.start().wait()
    assert ended["error"]["code"] == "ClientError"
    assert "s3://bucket/images/3.jpg, 'image-ref' in line 3 of s3://bucket/m" in ended["error"]["message"]
    assert not (job.ml / "model" / "whole").exists()


def test_a_reader_that_closes_early_finds_the_next_epoch_whole(world, instance):
    """ "if you are done with the first epoch, close the pipe file early" """
    world.buckets["bucket"] = {"train/a": b"12345678" * 500_000}
    script = "cd $ML/input/data; head -c 3 train_0; while [ -e train_0 ]; do :; done; wc -c < train_1"
    job = instance(shell(script), channels=[channel("train", "s3://bucket/train/")], input_mode="Pipe")
    assert job.start().wait()["code"] == 0
    assert world.lines == ["1234000000"]


def test_a_pipe_that_nobody_opens_holds_nobody_up(world, instance):
    """Nor does one that is never read to its end."""
    world.buckets["bucket"] = {"train/a": b"1" * 10_000_000, "test/a": b"2"}
    script = "exec 3<$ML/input/data/train_0; ls $ML/input/data"
    job = instance(
        shell(script),
        channels=[channel("train", "s3://bucket/train/"), channel("test", "s3://bucket/test/")],
        input_mode="Pipe",
    )
    assert job.start().wait(20)["code"] == 0
    assert not list((job.ml / "input" / "data").iterdir())


def test_a_stop_leaves_the_stream_to_a_program_that_saves_itself(world, instance):
    """SIGTERM is a request: until its grace is over, a program may read on what it needs."""
    world.buckets["bucket"] = {"train/a": b"1" * 8_000_000}
    script = """
import os, signal, time
got = []
signal.signal(signal.SIGTERM, lambda *_: got.append(1))
with open(os.environ["ML"] + "/input/data/train_0", "rb", buffering=0) as pipe:
    size = len(pipe.read(1))
    print("begun", flush=True)
    while not got:
        time.sleep(0.01)
    while block := pipe.read(1 << 16):
        size += len(block)
print(size)
"""
    job = instance(python(script), channels=[channel("train", "s3://bucket/train/")], input_mode="Pipe").start()
    eventually(lambda: "begun" in world.lines)
    job.terminate()
    ended = job.wait()
    assert (ended["code"], ended["stopped"]) == (0, True)
    assert world.lines[-1] == "8000000"


def test_a_lost_connection_is_no_end_of_file(world, instance):
    """The stream goes on where it broke off."""
    world.buckets["bucket"] = {"train/a": bytes(range(256)) * 20_000}
    world.cut["GetObject"] = 3
    assert streamed(world, instance, ["train_0"], channel("train", "s3://bucket/train/")) == [
        bytes(range(256)) * 20_000
    ]


def test_the_program_cannot_lead_a_pipe_elsewhere(world, instance, tmp_path):
    """A link at a pipe's name would be opened by the agent, outside of the sandbox."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"keep")
    world.buckets["bucket"] = {"train/a": b"evil"}
    script = f"cd $ML/input/data; exec 3<train_0; rm train_1; ln -s {victim} train_1; cat <&3; sleep 60"
    job = instance(shell(script), channels=[channel("train", "s3://bucket/train/")], input_mode="Pipe")
    assert "replaced /opt/ml/input/data/train_1, its pipe" in job.start().wait()["error"]["message"]
    assert victim.read_bytes() == b"keep"


def test_a_program_may_remove_the_pipes_that_it_does_not_want(world, instance):
    """A tidy program is no failure."""
    world.buckets["bucket"] = {"train/a": b"1"}
    script = "cd $ML/input/data; exec 3<train_0; rm train_*; cat <&3; sleep 0.5"
    job = instance(shell(script), channels=[channel("train", "s3://bucket/train/")], input_mode="Pipe")
    assert job.start().wait()["code"] == 0
