"""S3 in the browser: what one puts there comes back the same, is shown as what it is, and never runs."""

from __future__ import annotations

import base64
import gzip
import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.conftest import Server
from tests.studio import link

_DATA = Path(__file__).parents[1] / "data"
# What would run, if a page took a user's words for HTML.
EVIL = "<img src=x onerror=\"window.pwned='it ran'\"><script>window.pwned=1</script>"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="window.pwned=1"><script>window.pwned=1</script>{EVIL}</svg>'
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ODD = f"a folder/{EVIL}/ünï \u202eçode%2F..%00?&=#+'\"/../../etc/passwd"


@pytest.fixture(scope="module")
def bucket(salvia: Server) -> str:
    """A bucket with one object of each kind."""
    s3: Any = salvia.client("s3")
    s3.create_bucket(Bucket="looked.at")
    huge = bytearray(DOT)
    huge[16:24] = (60_000).to_bytes(4, "big") * 2  # a picture that says that it has 3.6 billion pixels
    quoted = '"Grace, {}"'.format(EVIL.replace('"', '""'))
    for key, body, kind in (
        ("kinds/people.csv", f"name,age\nAda,36\n{quoted},85\n".encode(), "text/csv"),
        ("kinds/people.parquet", (_DATA / "people.parquet").read_bytes(), ""),
        ("kinds/zstd.parquet", (_DATA / "people.zstd.parquet").read_bytes(), ""),
        ("kinds/bomb.parquet", (_DATA / "bomb.parquet").read_bytes(), ""),
        ("kinds/broken.parquet", b"PAR1" + os.urandom(5000) + b"\xff\xff\xff\x7fPAR1", ""),
        ("kinds/model.json", json.dumps({"depth": 3, "note": EVIL}).encode(), "application/json"),
        ("kinds/notes.txt", f"line one\n{EVIL}".encode(), "text/plain"),
        ("kinds/page.html", f"<!doctype html><body>{EVIL}".encode(), "text/html"),
        ("kinds/drawing.svg", SVG.encode(), "image/svg+xml"),
        ("kinds/mislabelled.png", SVG.encode(), "image/png"),
        ("kinds/dot.png", DOT, "image/png"),
        ("kinds/huge.png", bytes(huge), "image/png"),
        ("kinds/packed.csv.gz", gzip.compress(b"city,people\nBerlin,3700000\n"), ""),
        ("kinds/bomb.txt.gz", gzip.compress(b"0" * 256 * 1024 * 1024), ""),
        ("kinds/model.tar.gz", gzip.compress(b"\0" * 5000), ""),
        ("kinds/empty.txt", b"", "text/plain"),
        (ODD, b"odd", "text/plain"),
        *((f"many/{number:03}.txt", b"x", "text/plain") for number in range(120)),
    ):
        s3.put_object(Bucket="looked.at", Key=key, Body=body, ContentType=kind or "binary/octet-stream")
    return "looked.at"


def _open(studio: Studio, name: str) -> None:
    studio.open(f"/data/object?bucket=looked.at&key=kinds/{name}", name)


def _content(studio: Studio, name: str) -> Any:
    _open(studio, name)
    return studio.page.get_by_role("group", name=f"Content of kinds/{name}")


def test_a_bucket_is_made_and_filled_and_emptied(studio: Studio, salvia: Server, tmp_path: Path) -> None:
    """Small files whole, large ones in parts (S3 takes parts of 5 MiB and more); what comes back is what was sent."""
    large = random.Random(7).randbytes(19 * 1024 * 1024 + 17)
    (tmp_path / "large.bin").write_bytes(large)
    (tmp_path / "train #1.csv").write_text("a,b\n1,2\n")
    studio.open("/data", "S3 buckets")
    studio.button("Create bucket").first.click()
    studio.page.get_by_role("dialog").get_by_label("Name").fill("filled-here")
    studio.page.get_by_role("dialog").get_by_role("button", name="Create bucket").click()
    expect(studio.page.get_by_text("Nothing here yet")).to_be_visible()
    expect(studio.page.get_by_role("group", name="AWS CLI").first).to_contain_text(
        "aws s3 cp train.csv s3://filled-here/"
    )
    studio.accessible()

    studio.button("Create folder").click()
    studio.page.get_by_role("dialog").get_by_label("Name").fill("in here")
    studio.page.get_by_role("dialog").get_by_role("button", name="Create folder").click()
    studio.page.get_by_role("link", name="in here/").click()
    studio.page.locator("input[type=file]").set_input_files([tmp_path / "large.bin", tmp_path / "train #1.csv"])
    expect(studio.page.get_by_role("link", name="large.bin")).to_be_visible()
    expect(studio.page.get_by_role("link", name="train #1.csv")).to_be_visible()
    expect(studio.page.get_by_text("Uploaded").first).to_be_visible()
    studio.accessible()
    s3: Any = salvia.client("s3")
    stored = s3.get_object(Bucket="filled-here", Key="in here/large.bin")
    assert stored["Body"].read() == large
    assert stored["ETag"].endswith('-3"'), "three parts"
    assert s3.head_object(Bucket="filled-here", Key="in here/train #1.csv")["ContentType"] == "text/csv"

    studio.page.get_by_role("link", name="large.bin").click()
    with studio.page.expect_download() as saved:
        studio.button("Download").click()
    assert saved.value.suggested_filename == "large.bin"
    assert Path(saved.value.path()).read_bytes() == large

    studio.page.get_by_role("navigation", name="Folders").get_by_role("link", name="filled-here").click()
    studio.page.get_by_role("checkbox", name="in here/").check()
    studio.button("Delete").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(studio.page.get_by_text("3 objects are deleted.")).to_be_visible()
    assert s3.list_objects_v2(Bucket="filled-here")["KeyCount"] == 0
    studio.open("/data", "S3 buckets")
    studio.page.get_by_role("radio", name="filled-here").check()
    studio.button("Delete").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(studio.page.get_by_role("link", name="filled-here")).to_have_count(0)


def test_what_a_job_writes_is_seen_before_long(studio: Studio, salvia: Server, bucket: str) -> None:
    """No event tells of objects: a folder that is open is looked at every ten seconds."""
    salvia.client("s3").put_object(Bucket=bucket, Key="watched/first.txt", Body=b"1")
    studio.open(f"/data/browse?bucket={bucket}&prefix=watched/", "watched/")
    expect(studio.page.get_by_role("link", name="first.txt")).to_be_visible()
    salvia.client("s3").put_object(Bucket=bucket, Key="watched/second.txt", Body=b"2")
    expect(studio.page.get_by_role("link", name="second.txt")).to_be_visible()


def test_files_are_dropped_onto_the_page(studio: Studio, salvia: Server, bucket: str) -> None:
    studio.open(f"/data/browse?bucket={bucket}&prefix=dropped/", "dropped/")
    moved = studio.page.evaluate_handle(
        "() => { const moved = new DataTransfer(); "
        "moved.items.add(new File(['dropped'], 'a file.txt')); return moved; }"
    )
    studio.page.dispatch_event(".drop", "dragenter", {"dataTransfer": moved})
    expect(studio.page.get_by_text("Upload to dropped/")).to_be_visible()
    studio.page.dispatch_event(".drop", "drop", {"dataTransfer": moved})
    expect(studio.page.get_by_role("link", name="a file.txt")).to_be_visible()
    body = salvia.client("s3").get_object(Bucket=bucket, Key="dropped/a file.txt")["Body"].read()
    assert body == b"dropped"


def test_a_folder_turns_pages_and_is_searched(studio: Studio, bucket: str) -> None:
    studio.open(f"/data/browse?bucket={bucket}&prefix=many/", "many/")
    expect(studio.page.get_by_role("link", name="049.txt")).to_be_visible()
    studio.button("Next page").click()
    expect(studio.page.get_by_role("link", name="050.txt")).to_be_visible()
    studio.page.get_by_label("Find", exact=True).fill("11")
    studio.page.keyboard.press("Enter")
    expect(studio.page.get_by_role("link", name="110.txt")).to_be_visible()
    expect(studio.page.get_by_role("link", name="049.txt")).to_have_count(0)


def test_tables_are_shown_as_tables(studio: Studio, bucket: str) -> None:
    grid = _content(studio, "people.csv")
    expect(grid.get_by_role("columnheader", name="age")).to_be_visible()
    expect(grid.get_by_role("cell", name=f"Grace, {EVIL}")).to_be_visible()
    for name in ("people.parquet", "zstd.parquet"):
        grid = _content(studio, name)
        expect(grid.get_by_role("cell", name="<b>Grace</b>")).to_be_visible()
        expect(grid.get_by_role("cell", name="1099511627776")).to_be_visible()
        expect(studio.page.get_by_text("3 rows, 5 columns")).to_be_visible()
    expect(_content(studio, "packed.csv.gz").get_by_role("cell", name="Berlin")).to_be_visible()


def test_text_and_pictures_are_shown(studio: Studio, bucket: str) -> None:
    expect(_content(studio, "model.json")).to_contain_text('"depth": 3,\n')
    expect(_content(studio, "notes.txt")).to_have_text(f"line one\n{EVIL}")
    _open(studio, "dot.png")
    expect(studio.page.get_by_role("img", name="kinds/dot.png")).to_be_visible()
    _open(studio, "empty.txt")
    expect(studio.page.get_by_text("it has no bytes")).to_be_visible()
    _open(studio, "model.tar.gz")
    expect(studio.page.get_by_text("It is not text")).to_be_visible()


def test_what_is_a_program_is_shown_as_text(studio: Studio, bucket: str) -> None:
    expect(_content(studio, "page.html")).to_contain_text("<!doctype html>")
    expect(_content(studio, "drawing.svg")).to_have_text(SVG)
    _open(studio, "mislabelled.png")
    expect(studio.page.get_by_text("its content does not")).to_be_visible()
    assert studio.page.locator("iframe, object, embed").count() == 0


def test_bombs_do_not_go_off(studio: Studio, bucket: str) -> None:
    """256 MB of zeros, 320 MB of Parquet, 3.6 billion pixels: a preview unfolds no more than it shows."""
    expect(_content(studio, "bomb.txt.gz")).to_contain_text("0000")
    expect(studio.page.get_by_text("the first 1.00 MB")).to_be_visible()
    _open(studio, "bomb.parquet")
    expect(studio.page.get_by_text("unfold to more than 64 MB")).to_be_visible()
    _open(studio, "broken.parquet")
    expect(studio.page.get_by_text("This is not shown as a table")).to_be_visible()
    _open(studio, "huge.png")
    expect(studio.page.get_by_text("60000 × 60000 pixels, too many")).to_be_visible()


def test_a_key_may_hold_anything(studio: Studio, bucket: str) -> None:
    studio.open(f"/data/browse?bucket={bucket}", bucket)
    for part in re.findall(r"[^/]*/", ODD):
        shown = part.replace("\u202e", "\\u202e")
        studio.page.get_by_role("grid").get_by_role("link", name=shown, exact=True).click()
        expect(studio.page.get_by_role("heading", name=shown).first).to_be_visible()
    studio.page.get_by_role("link", name="passwd").click()
    expect(studio.page.get_by_role("group", name=re.compile("Content of"))).to_have_text("odd")
    with studio.page.expect_download() as saved:
        studio.button("Download").click()
    assert saved.value.suggested_filename == "passwd"


def test_a_viewer_is_told_what_is_not_theirs(salvia: Server, bucket: str, tab: Callable[..., Studio]) -> None:
    iam: Any = salvia.client("iam")
    iam.create_user(UserName="reader")
    reading = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:ListAllMyBuckets", "s3:ListBucket", "s3:GetObject", "salvia:CreateSignInLink"],
                "Resource": "*",
            }
        ],
    }
    iam.put_user_policy(UserName="reader", PolicyName="reading", PolicyDocument=json.dumps(reading))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = salvia.session((key["AccessKeyId"], key["SecretAccessKey"], None)).client(
        "salvia", endpoint_url=salvia.url
    )
    studio = tab(salvia, sign_in=link(reader))
    studio.open(f"/data/browse?bucket={bucket}&prefix=kinds/", "kinds/")
    studio.page.get_by_role("checkbox", name="kinds/notes.txt").check()
    studio.button("Delete").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(studio.page.get_by_role("dialog")).to_contain_text("You are not allowed s3:DeleteObject")
    studio.button("Cancel").click()
    studio.page.locator("input[type=file]").set_input_files(
        [{"name": "mine.txt", "mimeType": "text/plain", "buffer": b"mine"}]
    )
    expect(studio.page.get_by_text("You are not allowed s3:PutObject")).to_be_visible()
    studio.accessible()
    studio.unharmed()
