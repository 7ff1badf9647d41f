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
    """`advertise` is the URL by which instances reach the gateway; empty: derived from host and port."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 7258
    auth: Literal["enforce", "off"] = "enforce"
    workers: int = 1
    database: str = ""
    advertise: str = ""
    account: str = "123456789012"
    region: str = "us-east-1"

    @property
    def url(self) -> str:
        """Where instances and the command line find the gateway."""
        if self.advertise:
            return self.advertise
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

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
        path = self.run / "settings.json"
        path.write_text(json.dumps({**asdict(self), "home": str(self.home)}))

    @classmethod
    def load(cls, home: Path) -> Settings:
        """The settings of the running, or the last, server of `home`. Raises FileNotFoundError when there is none."""
        values = json.loads((home / "run" / "settings.json").read_text())
        return cls(**{**values, "home": Path(values["home"])})
