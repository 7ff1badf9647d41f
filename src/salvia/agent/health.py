"""Whether a model server answers, and the one address by which it is reached.

    program ── SALVIA_BIND_TO_SOCKET ──▶ run/serve/socket ══ the same socket, under a name ══▶ run/serve.sock
    program ── SAGEMAKER_BIND_TO_PORT ─▶ 127.0.0.1:PORT ◀── bridge ◀─────────────────────────── run/serve.sock
    program ── knows only 0.0.0.0:8080, in a network of its own ◀── bridge ◀──────────────────── run/serve.sock

The program may write to `run/serve`: a name there could become a link to anybody's socket. So what it bound is given a
second name where only the agent can write. Sources: developer guide, "Use your own inference code with hosting
services" (ping), "Troubleshoot multi-container endpoints" (SAGEMAKER_BIND_TO_PORT).
"""

# pathlib takes 10 ms to import, for which a program would wait.

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from collections.abc import Callable

from .bridge import carry, listen, to

_PAUSE = (0.01, 0.25)  # seconds between pings, doubling
WELL = 200
_TIMEOUT = 2.0  # "The container must respond to health checks within 2 seconds"
_PING = "/ping"


class Server:
    """Where one program serves: `run` is the instance's folder of small files, `inside` its path for the program.

    `fixed` is the port of a program that knows no other; `enter()` builds the bridge into its network, once there is
    one. It is well when it answers GET `asked` with 200.
    """

    def __init__(
        self, run: str, inside: str, fixed: int | None = None, name: str = "serve.sock", asked: str = _PING
    ) -> None:
        self._asked = asked
        self._bound = os.path.join(run, "serve", "socket")
        self.path = os.path.join(run, name)
        self._inside = f"{inside}/serve/socket"
        self._fixed = fixed
        os.makedirs(os.path.dirname(self._bound), exist_ok=True)
        for path in (self._bound, self.path):
            try:
                os.unlink(path)
            except FileNotFoundError:
                continue
        self._port = fixed or _free_port()
        self._bridged = fixed is not None

    @property
    def environment(self) -> dict[str, str]:
        """Where the program is told to serve: either will do."""
        port = {"SAGEMAKER_BIND_TO_PORT": str(self._port)}
        return port if self._fixed else {"SALVIA_BIND_TO_SOCKET": self._inside, **port}

    def wait(self, over: Callable[[], bool], enter: Callable[[], bool]) -> bool:
        """Return once it answers, and `run/serve.sock` leads to it; False when it is `over`."""
        pause, entered = _PAUSE[0], False
        while not over():
            if self._fixed:
                entered = entered or enter()
                if entered and healthy(self.path, self._asked):
                    return True
            elif self._named():
                if healthy(self.path, self._asked):
                    return True
            elif _ping(program := to("127.0.0.1", self._port), self._asked) == WELL:
                self._bridged = True
                threading.Thread(target=carry, args=(listen(self.path), program), name="bridge", daemon=True).start()
                return True
            time.sleep(pause)
            pause = min(2 * pause, _PAUSE[1])
        return False

    def follow(self) -> None:
        """A server that binds its socket anew, as some do when they restart, is the same one."""
        if not self._bridged:
            try:
                self._named()
            except OSError:  # the disk is full, say: the next time may do
                return

    def _named(self) -> bool:
        """Give what the program bound its second name; False while there is no socket."""
        try:
            found = os.open(self._bound, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            status = os.fstat(found)
            if not stat.S_ISSOCK(status.st_mode):
                return False
            try:
                named = os.stat(self.path, follow_symlinks=False)
                if (named.st_dev, named.st_ino) == (status.st_dev, status.st_ino):
                    return True
                os.unlink(self.path)  # it bound anew
            except FileNotFoundError:
                pass
            # With a descriptor, though the path needs none, it is linkat(2), which follows this one link.
            os.link(f"/proc/self/fd/{found}", self.path, src_dir_fd=found, follow_symlinks=True)
            return True
        finally:
            os.close(found)


def connect(path: str) -> socket.socket:
    """A connection to the model server at a socket. Raises OSError."""
    return _local(path)()


def healthy(path: str, asked: str = _PING) -> bool:
    """Whether the server at a socket answers."""
    return ping(path, asked) == WELL


def ping(path: str, asked: str = _PING) -> int:
    """The status that the server at a socket answers; 0 if it does not answer."""
    return _ping(_local(path), asked)


def _local(path: str) -> Callable[[], socket.socket]:
    def connect() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_TIMEOUT)
        folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:  # an address has at most 108 bytes, a path more
            connection.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
        except OSError:
            connection.close()
            raise
        finally:
            os.close(folder)
        return connection

    return connect


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ping(connect: Callable[[], socket.socket], asked: str) -> int:
    try:
        with connect() as connection:
            connection.settimeout(_TIMEOUT)
            connection.sendall(f"GET {asked} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while b"\r\n" not in answer and (block := connection.recv(4096)):
                answer += block
    except OSError:
        return 0
    words = answer.split(b"\r\n", 1)[0].split()
    said = len(words) > 1 and words[0].startswith(b"HTTP/1.") and words[1].isdigit()
    return int(words[1]) if said else 0
