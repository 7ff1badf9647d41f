"""Input of a job. Sources: API_S3DataSource, API_Channel; the SDK's issue 3612 for partial prefixes."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import pytest

from salvia.agent.failure import JobError
from salvia.agent.keys import relative_path

from .world import ROLE, channel, shell


def files(job) -> dict[str, bytes]:
    """What lies in the channels."""
    data = job.ml / "input" / "data"
    return {str(path.relative_to(data)): path.read_bytes() for path in data.rglob("*") if path.is_file()}


def fetch(world, instance, *channels, **changes):
    """Run a job that does nothing but bring its channels."""
    job = instance(shell("true"), channels=list(channels), **changes)
    return job, job.start().wait()


def refused(world, instance, *channels) -> str:
    """The message with which a job ends before its program."""
    job, ended = fetch(world, instance, *channels)
    assert ended["error"]["code"] == "ClientError"
    assert ended["code"] is None
    assert world.phases == ["Starting", "Downloading", "Exited"]
    assert not (job.folder / "outside").exists()
    return ended["error"]["message"]


@pytest.mark.parametrize(
    "prefix, key, path",
    [
        ("train/", "train/a.csv", "a.csv"),
        ("train/", "train/x/a.csv", "x/a.csv"),
        ("train", "train/a.csv", "a.csv"),
        ("data/train", "data/train-data.csv", "train-data.csv"),
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("", "a/b.csv", "a/b.csv"),
        ("train/", "train//a.csv", "a.csv"),
        ("train/", "train/ü ?#.csv", "ü ?#.csv"),
        ("train/", "train/.hidden", ".hidden"),
    ],
)
def test_a_key_becomes_the_path_that_sagemaker_gives_it(prefix, key, path):
    """The prefix goes, or what of it ends at a slash when it ends inside a name (SDK issue 3612)."""
    assert relative_path("train", "bucket", prefix, key) == path


@pytest.mark.parametrize("key", ["p/../../outside", "p/..", "p/./a", "p/a/", "p/nul\0"])
def test_a_key_that_is_no_path_is_named(key):
    """Never written outside of the channel; the failure names the object."""
    with pytest.raises(JobError) as failure:
        relative_path("train", "bucket", "p/", key)
    assert repr(f"s3://bucket/{key}") in failure.value.message


def test_all_channels_arrive_page_by_page(world, instance):
    """A listing has more pages than one; several channels, one of them a single object."""
    many = {f"train/part-{number:04}": f"{number}".encode() for number in range(250)}
    world.buckets["bucket"] = {**many, "other/one.csv": b"1", "other/one.csv.old": b"2", "empty/zero": b""}
    job, ended = fetch(
        world,
        instance,
        channel("train", "s3://bucket/train"),
        channel("one", "s3://bucket/other/one.csv"),
        channel("empty", "s3://bucket/empty/"),
    )
    assert ended["code"] == 0
    expected = {f"train/{key[6:]}": content for key, content in many.items()}
    assert files(job) == {**expected, "one/one.csv": b"1", "one/one.csv.old": b"2", "empty/zero": b""}


def test_keys_that_urls_must_quote_arrive(world, instance):
    """Keys are any UTF-8; the listing is asked for URL-encoded."""
    odd = {"train/a b+c%20&.csv": b"1", "train/ümläut/日本": b"2", "train/<x>": b"3"}
    world.buckets["bucket"] = dict(odd)
    job, _ = fetch(world, instance, channel("train", "s3://bucket/train/"))
    assert files(job) == odd


def test_folder_markers_are_not_data(world, instance):
    """The console makes an empty object `train/` for a folder; it is no file and takes no shard."""
    world.buckets["bucket"] = {"train/": b"", "train/x/": b"", "train/x/a": b"1"}
    job, _ = fetch(world, instance, channel("train", "s3://bucket/train/"))
    assert files(job) == {"train/x/a": b"1"}


@pytest.mark.parametrize("host, expected", [("algo-1", {"a", "d"}), ("algo-2", {"b", "e"}), ("algo-3", {"c"})])
def test_sharding_gives_every_nth_object_to_a_host(world, instance, host, expected):
    """ShardedByS3Key: each of n instances gets 1/n of the objects; the others are replicated."""
    world.buckets["bucket"] = {f"train/{name}": b"1" for name in "abcde"}
    job, _ = fetch(
        world,
        instance,
        channel("shard", "s3://bucket/train/", S3DataDistributionType="ShardedByS3Key"),
        channel("whole", "s3://bucket/train/"),
        host=host,
        hosts=["algo-1", "algo-2", "algo-3"],
    )
    assert files(job) == {f"shard/{name}": b"1" for name in expected} | {f"whole/{name}": b"1" for name in "abcde"}


def test_fewer_objects_than_hosts_leave_a_host_without_data(world, instance):
    """API_S3DataSource: "some nodes won't get any data"; that is no failure."""
    world.buckets["bucket"] = {"train/a": b"1"}
    sharded = channel("train", "s3://bucket/train/", S3DataDistributionType="ShardedByS3Key")
    job, ended = fetch(world, instance, sharded, host="algo-2", hosts=["algo-1", "algo-2"])
    assert ended["code"] == 0
    assert files(job) == {}


def test_an_empty_prefix_names_what_the_bucket_holds(world, instance):
    """The sentence of style.md."""
    world.buckets["bucket"] = {"train/a.csv": b"1"}
    assert refused(world, instance, channel("train", "s3://bucket/trian/")) == (
        "Data download failed: Channel 'train': no objects under s3://bucket/trian/. "
        "The bucket holds s3://bucket/train/. Check S3Uri."
    )


def test_an_empty_bucket_is_said_plainly(world, instance):
    """There is nothing to propose."""
    message = refused(world, instance, channel("train", "s3://bucket/a/b/c"))
    assert message == "Data download failed: Channel 'train': no objects under s3://bucket/a/b/c. Check S3Uri."


def test_a_missing_bucket_is_named(world, instance):
    """NoSuchBucket, with what to do."""
    assert "there is no bucket 'nowhere'" in refused(world, instance, channel("train", "s3://nowhere/train/"))


@pytest.mark.parametrize("action", ["s3:ListBucket", "s3:GetObject"])
def test_a_denial_names_role_and_action(world, instance, action):
    """The remedy is a statement in a policy: it has to say whose and which."""
    world.buckets["bucket"] = {"train/a": b"1"}
    world.denied.add(action)
    message = refused(world, instance, channel("train", "s3://bucket/train/"))
    assert ROLE in message and f"Allow {action} on arn:aws:s3:::bucket" in message


@pytest.mark.parametrize(
    "keys", [("train/a", "train/a/b"), ("train/a/b", "train/a//b")], ids=["file and folder", "double slash"]
)
def test_keys_that_need_one_path_fail_naming_one(world, instance, keys):
    """A key can be a folder of another; a file cannot."""
    world.buckets["bucket"] = dict.fromkeys(keys, b"1")
    message = refused(world, instance, channel("train", "s3://bucket/train/"))
    assert any(f"s3://bucket/{key} " in message for key in keys)
    assert "another object" in message


def test_a_key_too_long_for_a_file_is_named(world, instance):
    """255 bytes a part on Linux; a key has 1,024."""
    world.buckets["bucket"] = {"train/" + "x" * 300: b"1"}
    assert "too long" in refused(world, instance, channel("train", "s3://bucket/train/"))


def test_a_key_with_dots_writes_nothing_outside(world, instance):
    """The whole way, since it is the attack."""
    world.buckets["bucket"] = {"train/../../../../outside": b"1"}
    assert "s3://bucket/train/../../../../outside" in refused(world, instance, channel("train", "s3://bucket/train/"))


def test_gzip_input_is_decompressed(world, instance):
    """API_Channel, CompressionType; several members in a row are one file (RFC 1952)."""
    packed = gzip.compress(b"1,2\n" * 1000) + gzip.compress(b"3,4\n")
    world.buckets["bucket"] = {"train/a.csv.gz": packed}
    job, _ = fetch(world, instance, channel("train", "s3://bucket/train/", CompressionType="Gzip"))
    assert files(job) == {"train/a.csv": b"1,2\n" * 1000 + b"3,4\n"}


@pytest.mark.parametrize("content", [b"plain text", gzip.compress(b"1" * 10000)[:-12]], ids=["not", "cut off"])
def test_input_that_is_not_gzip_is_named(world, instance, content):
    """CompressionType is the client's word."""
    world.buckets["bucket"] = {"train/a": content}
    message = refused(world, instance, channel("train", "s3://bucket/train/", CompressionType="Gzip"))
    assert "s3://bucket/train/a is not gzip" in message


def test_a_gzip_bomb_ends_at_its_bound(world, instance):
    """1 MB of it can be 1 GB of zeros; the disk is other jobs' too."""
    world.buckets["bucket"] = {"train/a.gz": gzip.compress(bytes(100 << 20))}
    message = refused(world, instance, channel("train", "s3://bucket/train/", CompressionType="Gzip"))
    assert "s3://bucket/train/a.gz decompresses to more than" in message


def test_what_is_not_available_is_said(world, instance):
    """RefusedError by the server before; never taken for something else here."""
    world.buckets["bucket"] = {"train/a": b"1"}
    message = refused(world, instance, channel("train", "s3://bucket/train/", S3DataType="AugmentedManifestFile"))
    assert "S3DataType AugmentedManifestFile is not available here" in message


def test_a_shuffled_channel_is_divided_anew(world, instance):
    """API_ShuffleConfig: with ShardedByS3Key the content of a node follows from the seed; nothing is lost."""
    world.buckets["bucket"] = {f"train/{number:02}": b"1" for number in range(20)}
    shuffled = channel(
        "train", "s3://bucket/train/", S3DataDistributionType="ShardedByS3Key", ShuffleConfig={"Seed": 7}
    )
    hosts = ["algo-1", "algo-2"]
    shares = [set(files(fetch(world, instance, shuffled, host=host, hosts=hosts)[0])) for host in hosts]
    assert [len(share) for share in shares] == [10, 10]
    assert not shares[0] & shares[1]
    assert shares[0] != {f"train/{number:02}" for number in range(0, 20, 2)}


def test_a_download_that_breaks_off_is_taken_up_again(world, instance, tmp_path):
    """Whole files or none: a lost connection is no end of file."""
    content = bytes(range(256)) * 40_000
    world.buckets["bucket"] = {"train/a": content}
    world.cut["GetObject"] = 2
    job, _ = fetch(world, instance, channel("train", "s3://bucket/train/"))
    assert Path(job.ml / "input/data/train/a").read_bytes() == content
    assert world.calls["GetObject"] >= 3


def test_a_full_disk_is_said(world, instance):
    """A real one: /opt/ml is a file system of 64 KiB."""
    mount = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"']
    if subprocess.run([*mount, "/mnt", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount")
    world.buckets["bucket"] = {"train/a": bytes(100_000)}
    job = instance(shell("true"), channels=[channel("train", "s3://bucket/train/")])
    job.ml.mkdir()
    ended = job.start(prefix=[*mount, str(job.ml)]).wait()
    assert ended["error"]["code"] == "ClientError"
    assert (
        "s3://bucket/train/a (100000 bytes) does not fit: the disk of the instance is full" in ended["error"]["message"]
    )
