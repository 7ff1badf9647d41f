"""Ways between a unix socket and a TCP port; also into a network that a program has for itself, and out of it.

    run/serve.sock ──▶ in its network: 127.0.0.1:PORT          a program that knows nothing but its port
    in its network: the credentials, the gateway ──▶ here       unless it is isolated

As a program of its own, `python -m salvia.agent.bridge PID PORT SOCKET [HOST:PORT …]`, it enters the network of process
PID: a thread is in the network that it, or the thread that started it, entered. What an ordinary user's sandbox made
belongs to a user namespace, which only a process without threads may enter. See setns(2), network_namespaces(7).
"""

# pathlib takes 10 ms to import, for which a program would wait.

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

_NEWUSER, _NEWNET, _PDEATHSIG = 0x10000000, 0x40000000, 1
_BLOCK = 1 << 16
_BACKLOG = 1024

Connect = Callable[[], socket.socket]


def listen(path: str) -> socket.socket:
    """A listener at the unix socket `path`. An address has at most 108 bytes, a path more."""
    listener = socket.socket(socket.AF_UNIX)
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
    finally:
        os.close(folder)
    listener.listen(_BACKLOG)
    return listener


def to(host: str, port: int) -> Connect:
    """Connects to a port, in the network of the thread that asks."""
    return lambda: _connect((host, port))


def carry(listener: socket.socket, connect: Connect) -> None:
    """Give everybody who comes a connection of his own, for ever."""
    while True:
        here, _ = listener.accept()
        try:
            there = connect()
        except OSError:
            here.close()
            continue
        for source, target in ((here, there), (there, here)):
            threading.Thread(target=_copy, args=(source, target), name="bridge", daemon=True).start()


def _connect(address: tuple[str, int]) -> socket.socket:
    connection = socket.create_connection(address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Everything from one to the other; a half that ends is ended there too."""
    try:
        while block := source.recv(_BLOCK):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def _enter(pid: str, kind: str, flag: int) -> None:
    with open(f"/proc/{pid}/ns/{kind}", "rb") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), flag) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"entering the {kind} namespace of process {pid}: {os.strerror(number)}")


def main(arguments: Sequence[str]) -> int:
    """Carry until the agent ends."""
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    pid, port, path, *outward = arguments
    outside = [(host, int(number)) for host, _, number in (word.rpartition(":") for word in outward)]
    if os.geteuid() != 0:
        _enter(pid, "user", _NEWUSER)
    made: SimpleQueue[list[socket.socket] | None] = SimpleQueue()

    def inside() -> None:
        try:
            _enter(pid, "net", _NEWNET)
            made.put([socket.create_server(address, backlog=_BACKLOG) for address in outside])
            carry(listen(path), to("127.0.0.1", int(port)))
        finally:
            made.put(None)

    threading.Thread(target=inside, name="inside", daemon=True).start()
    listeners = made.get()
    for listener, address in zip(listeners or (), outside, strict=False):
        threading.Thread(target=carry, args=(listener, to(*address)), name="outside", daemon=True).start()
    if listeners is not None:
        made.get()
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
