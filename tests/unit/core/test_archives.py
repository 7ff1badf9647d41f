"""Archives from outside, by the filter of PEP 706 and, for Pythons that lack it, without."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from salvia.core.archives import unpack


@pytest.fixture(params=["with the filter", "without"] if hasattr(tarfile, "data_filter") else ["without"], autouse=True)
def _python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.11.4 and later, as Python 3.11.0 to 3.11.3."""
    if request.param == "without":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)


def extract(folder: Path, *members: tarfile.TarInfo) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    packed.seek(0)
    with tarfile.open(fileobj=packed, mode="r:gz") as tar:
        unpack(tar, str(folder), tar)


def entry(name: str, kind: bytes = tarfile.REGTYPE, **more: object) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, 3 if kind == tarfile.REGTYPE else 0
    for key, value in more.items():
        setattr(member, key, value)
    return member


def test_files_and_folders_are_unpacked_and_nobody_gets_more_rights(tmp_path: Path) -> None:
    extract(
        tmp_path,
        entry("code", tarfile.DIRTYPE, mode=0o777),
        entry("code/run.sh", mode=0o6777, uid=12345, gid=12345),
        entry("/absolute", mode=0o444),
        entry("code/../beside", mode=0o644),
    )
    assert (tmp_path / "code/run.sh").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "code/run.sh").stat().st_uid == tmp_path.stat().st_uid
    assert (tmp_path / "absolute").stat().st_mode & 0o7777 == 0o644
    assert (tmp_path / "beside").read_bytes() == b"xxx"


@pytest.mark.parametrize(
    "members",
    [
        (entry("../out"),),
        (entry("a/../../out"),),
        (entry("pipe", tarfile.FIFOTYPE),),
        (entry("away", tarfile.SYMTYPE, linkname="/etc"), entry("away/passwd")),
        (entry("up", tarfile.SYMTYPE, linkname="../.."),),
        (entry("hard", tarfile.LNKTYPE, linkname="/etc/passwd"),),
    ],
    ids=lambda members: members[0].name,
)
def test_nothing_leads_out_of_the_folder(tmp_path: Path, members: tuple[tarfile.TarInfo, ...]) -> None:
    folder = tmp_path / "in"
    with pytest.raises(tarfile.TarError):
        extract(folder, *members)
    assert not (tmp_path / "out").exists()
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
