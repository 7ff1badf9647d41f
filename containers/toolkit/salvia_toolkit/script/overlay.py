"""An overlay: what a requirements.txt asked for, built once, for all jobs of one role.

It is a virtual environment at `PLACE`, built there by the first job; once it is kept, and for every later job, PLACE is
a link to where the agent shows it, read-only. So the paths that it has written into its programs hold.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

PLACE = Path("/tmp/salvia-packages")  # noqa: S108  the sandbox's own; the agent knows it
_AGENT, _TOKEN = "SALVIA_OVERLAYS", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
_OPTIONS = (
    r"--(?:index-url|extra-index-url|find-links|trusted-host)[ =](?!file:)\S+://\S+|--pre|--prefer-binary|--no-index"
)
_NAMED = r"[\w.-]+ *(?:\[[\w ,.-]*\])? *(?:[<>=!~][^/]*|@ *(?:git\+)?https://\S+ *(?:;.*)?|;[^/]*)?"
_ELSEWHERE = re.compile(rf"(?:{_OPTIONS}|{_NAMED})?(?:\s*--hash=\S+)*")
_END = re.compile(r"[\s\[;]")  # of a file's name
_COMMENT = re.compile(r"(?:^|\s+)#.*")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


def name(code: Path) -> str | None:
    """What the overlay for the requirements.txt in `code` is called; None where none is kept.

    It follows from all that decides what is installed: the text, pip's settings, and, once a line means a file of the
    source, or may, every file of it.
    """
    if _AGENT not in os.environ:
        return None
    text = (code / "requirements.txt").read_text(encoding="utf-8", errors="replace")
    variables = {*_VARIABLE.findall(text), *(variable for variable in os.environ if variable.startswith("PIP_"))}
    told: list[object] = [text, sorted((variable, os.environ.get(variable)) for variable in variables)]
    if not all(_elsewhere(line, code) for line in text.replace("\\\n", " ").splitlines()):
        paths = sorted(path for path in code.rglob("*") if path.is_file())
        told += [(str(path.relative_to(code)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def find(name: str) -> Path | None:
    """The interpreter of a kept overlay."""
    path = _ask("GET", name)
    return None if path is None else _lead_to(path)


def keep(name: str) -> Path:
    """Have what stands at PLACE kept; the interpreter of what is kept, or of what stands there where nothing is."""
    path = _ask("PUT", name)
    if path is not None:
        return _lead_to(path)  # another job may have been first: all of this role use one
    print("The packages of requirements.txt could not be kept for later jobs.", flush=True)
    return PLACE / "bin" / "python"


def clear() -> None:
    """Make PLACE free."""
    if PLACE.is_symlink():
        PLACE.unlink()
    elif PLACE.exists():
        PLACE.rename(tempfile.mkdtemp(prefix="packages-"))


def _lead_to(path: str) -> Path:
    clear()
    PLACE.symlink_to(path)
    return PLACE / "bin" / "python"


def _elsewhere(line: str, code: Path) -> bool:
    """Whether a line of a requirements.txt means nothing in `code`, for certain."""
    line = _COMMENT.sub("", line).strip()
    first = _END.split(line)[0]
    return _ELSEWHERE.fullmatch(line) is not None and not (first and os.path.exists(code / first))  # noqa: PTH110


def _ask(verb: str, name: str) -> str | None:
    """What the agent says of an overlay: its path, or none."""
    agent = urlsplit(os.environ[_AGENT])
    try:
        token = Path(os.environ[_TOKEN]).read_text(encoding="ascii")
        # However long it takes to write all to the disk: what is being kept cannot be used meanwhile.
        connection = http.client.HTTPConnection(agent.hostname or "", agent.port)
        connection.request(verb, f"{agent.path}{name}", headers={"Authorization": token})
        answer = connection.getresponse()
        return str(json.loads(answer.read())["path"]) if answer.status == 200 else None
    except (OSError, KeyError, ValueError, http.client.HTTPException):
        return None
