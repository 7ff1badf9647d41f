"""What a person may set, with its defaults; the supervisor hands it to its processes as one file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal


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
    account: str = "123456789012"
    region: str = "us-east-1"

    @property
    def url(self) -> str:
        """Where instances and the command line find the gateway."""
        if self.advertise:
            return self.advertise
        return f"http://{f'[{self.local}]' if ':' in self.local else self.local}:{self.port}"

    @property
    def local(self) -> str:
        """The address at which this machine itself reaches the gateway."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104

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
