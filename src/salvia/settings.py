"""What a person may set, with its defaults; the supervisor hands it to its processes as one file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit


def default_home() -> Path:
    """`SALVIA_HOME`, else `~/.salvia`."""
    return Path(os.environ.get("SALVIA_HOME") or "~/.salvia").expanduser().absolute()


@dataclass(frozen=True, slots=True)
class Settings:
    """`advertise` is the URL by which instances reach the gateway; empty: derived from host and port.

    `object_store` is the URL of a bucket (`objectstore.location`); empty: the folder `objects` of the data directory.
    `buckets` are URLs of buckets of other S3s that are served under their own names.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = 7258
    auth: Literal["enforce", "off"] = "enforce"
    capacity: Literal["elastic", "strict"] = "elastic"
    workers: int = 1
    database: str = ""
    object_store: str = ""
    buckets: str = ""
    advertise: str = ""
    clock: Literal["system", "virtual"] = "system"
    tls: bool = False
    account: str = "123456789012"
    region: str = "us-east-1"

    @property
    def url(self) -> str:
        """Where instances and the command line find the gateway."""
        if self.advertise:
            return self.advertise
        return f"http{'s' if self.tls else ''}://{self._local_host}:{self.port}"

    def proxy(self, name: str, password: str) -> str:
        """Where this machine, its jobs included, finds the proxy: without TLS, even where the API has it."""
        return f"http://{name}:{password}@{self._local_host}:{self.port}"

    @property
    def names(self) -> tuple[str, ...]:
        """By which names and addresses this server is reached, for its certificate."""
        advertised = urlsplit(self.url).hostname or self.local
        return tuple(dict.fromkeys([self.local, advertised, "localhost", "127.0.0.1", "::1"]))

    @property
    def local(self) -> str:
        """The address at which this machine itself reaches the gateway."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104

    @property
    def _local_host(self) -> str:
        return f"[{self.local}]" if ":" in self.local else self.local

    @property
    def ca_bundle(self) -> Path:
        """The certificates that clients of Salvia trust: this machine's, and that of Salvia's own authority."""
        return self.home / "ca-bundle.pem"

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        if not self.database:
            return self.home / "salvia.db"
        return Path(self.database.removeprefix("sqlite:///")).absolute()

    @property
    def run(self) -> Path:
        """Sockets, process ids and the like: what a restart makes anew."""
        return self.home / "run"

    def save(self) -> None:
        """Write the file that `load` reads."""
        fresh = self.run / "settings.new"
        fresh.write_text(json.dumps({**asdict(self), "home": str(self.home)}))
        fresh.replace(self.run / "settings.json")  # whole or not at all: `salvia status` may be reading it

    @classmethod
    def load(cls, home: Path) -> Settings:
        """The settings of the running, or the last, server of `home`. Raises FileNotFoundError when there is none."""
        values = json.loads((home / "run" / "settings.json").read_text())
        return cls(**{**values, "home": Path(values["home"])})
