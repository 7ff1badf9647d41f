"""Archives from outside: paths, links and devices in them may lead anywhere."""

# pathlib takes 10 ms to import, for which a program would wait.

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Iterator


def unpack(tar: tarfile.TarFile, folder: str, members: Iterable[tarfile.TarInfo]) -> None:
    """Unpack what stays within `folder`, an empty one. Raises TarError for what leads out of it, and for a device.

    Source: PEP 706, filter `data`. Python 3.11.0 to 3.11.3 lacks it: there, a link is refused, too.
    """
    if hasattr(tarfile, "data_filter"):
        tar.extractall(folder, members=members, filter="data")
    else:
        tar.extractall(folder, members=_plain(members))  # noqa: S202


def _plain(members: Iterable[tarfile.TarInfo]) -> Iterator[tarfile.TarInfo]:
    """Without a link, a path leads no further than it says."""
    for member in members:
        if not (member.isreg() or member.isdir()):
            raise tarfile.TarError(f"{member.name!r} is no file or folder. Python 3.11.4 or later unpacks safe links")
        member.name = os.path.normpath(member.name.lstrip("/"))
        if member.name.split("/", 1)[0] == "..":
            raise tarfile.TarError(f"{member.name!r} would be extracted to outside the destination")
        member.mode = (member.mode & 0o755) | (0o700 if member.isdir() else 0o600)
        member.uid, member.gid, member.uname, member.gname = os.geteuid(), os.getegid(), "", ""
        yield member
