"""Where a bucket of another S3 is, as one URL, and whose keys open it.

    s3://BUCKET[/PREFIX][?endpoint=https://HOST[:PORT]&region=REGION&credentials=FILE&profile=NAME]

Secrets never stand in the URL, which shows in process lists and settings. They come from `credentials`, from the AWS
profile `profile`, or else from where AWS's own tools look: the environment, then `~/.aws/credentials`.
"""

from __future__ import annotations

import configparser
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from salvia.core.sigv4 import Credentials

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_REGION = re.compile(r"[A-Za-z0-9-]{1,64}")
_OPTIONS = {"endpoint", "region", "credentials", "profile"}


@dataclass(frozen=True, slots=True)
class Location:
    """A bucket, and what in it is ours: keys below `prefix`, which is empty or ends in a slash."""

    bucket: str
    prefix: str
    endpoint: str
    region: str
    credentials: str = ""
    profile: str = ""

    @classmethod
    def parse(cls, url: str) -> Location:
        """Read a URL. Raises ValueError, with a sentence for whoever wrote it."""
        parts = urlsplit(url)
        if parts.scheme != "s3" or parts.fragment:
            raise ValueError(f"'{_shown(url)}' is not of the form s3://BUCKET/PREFIX?endpoint=https://HOST.")
        if "@" in parts.netloc:
            raise ValueError("Keys do not belong into a URL: name a file of mode 0600 with credentials=FILE.")
        if not _BUCKET.fullmatch(parts.netloc):
            raise ValueError(f"'{parts.netloc}' is not the name of a bucket.")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        unknown = options.keys() - _OPTIONS
        if unknown:
            raise ValueError(f"s3://{parts.netloc} has no option {', '.join(sorted(unknown))}; it has {_either()}.")
        region = options.get("region") or os.environ.get("AWS_REGION") or "us-east-1"
        if not _REGION.fullmatch(region):
            raise ValueError(f"'{region}' is not the name of a region.")
        prefix = parts.path.strip("/")
        return cls(
            bucket=parts.netloc,
            prefix=f"{prefix}/" if prefix else "",
            endpoint=_endpoint(options.get("endpoint") or f"https://s3.{region}.amazonaws.com"),
            region=region,
            credentials=options.get("credentials", ""),
            profile=options.get("profile", ""),
        )

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix} at {self.endpoint}"

    def keys(self) -> Credentials:
        """The keys as they are now: files may be renewed while Salvia runs. Raises ValueError when there are none."""
        environment = os.environ
        if self.credentials:
            return _from_file(Path(self.credentials), self.profile or "default")
        if not self.profile and environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY"):
            return Credentials(
                environment["AWS_ACCESS_KEY_ID"],
                environment["AWS_SECRET_ACCESS_KEY"],
                environment.get("AWS_SESSION_TOKEN") or None,
            )
        path = Path(environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
        return _from_file(path, self.profile or environment.get("AWS_PROFILE") or "default")


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"'{_shown(url)}' is not an endpoint of the form https://HOST:PORT.")
    if parts.username is not None:
        raise ValueError("Keys do not belong into an endpoint: name a file of mode 0600 with credentials=FILE.")
    return f"{parts.scheme}://{parts.netloc}"


_READ: dict[tuple[str, str], tuple[tuple[int, int], Credentials]] = {}  # by file and profile, while it is unchanged


def _from_file(path: Path, profile: str) -> Credentials:
    try:
        status = path.stat()
    except OSError as error:
        raise ValueError(
            f"No keys for the S3 bucket: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write {path} "
            f"({error.strerror})."
        ) from None
    stamp = (status.st_mtime_ns, status.st_ino)
    known = _READ.get((str(path), profile))
    if known is not None and known[0] == stamp:
        return known[1]
    if status.st_mode & 0o077:
        raise ValueError(f"{path} holds keys and can be read by others: chmod 600 {path}")
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text())
        section = parser[profile]
        keys = Credentials(
            section["aws_access_key_id"], section["aws_secret_access_key"], section.get("aws_session_token")
        )
    except (OSError, UnicodeDecodeError, configparser.Error, KeyError):  # its text is secret, and so is not shown
        raise ValueError(
            f"{path} needs a section [{profile}] with aws_access_key_id and aws_secret_access_key."
        ) from None
    _READ[(str(path), profile)] = (stamp, keys)
    return keys


def _shown(url: str) -> str:
    """A URL without what may be a secret in it."""
    return re.sub(r"//[^/]*@", "//…@", url.partition("?")[0])[:200]


def _either() -> str:
    return ", ".join(sorted(_OPTIONS))
