"""Run a command in namespaces of its own, with nothing but Python: `namespaces.py PLAN COMMAND…`.

A program by itself, never imported by the server; PLAN is JSON: `root` (an empty folder), `steps` (see
`sandbox.Step`), `host`, `network`, `cwd`, and `environment`, the descriptor to read the command's
environment from: words `--setenv NAME VALUE`, each ended by a NUL. Root needs no more than CAP_SYS_ADMIN; an
ordinary user gets a user namespace. The command runs as root without a single capability; its orphans are
reaped; all of it dies with the process that started this one. Exits as the command does, with 128 + n when
signal n ended it.

The system calls are those of namespaces(7), pivot_root(2), capabilities(7); each failure names its step.
"""

# Importing pathlib or typing would cost as much as everything else here.
# ruff: noqa: PTH103, PTH110, PTH112, PTH120, PTH123, PTH211

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 0x1000, 0x4000, 0x40000
DETACH = 2
PDEATHSIG, SET_NAME, CAPBSET_DROP, NO_NEW_PRIVS, CAP_AMBIENT, CLEAR_ALL = 1, 15, 24, 38, 47, 4
SIOCGIFFLAGS, SIOCSIFFLAGS, UP = 0x8913, 0x8914, 1
# statvfs(3) flags that a remount has to repeat, or an ordinary user is refused: their mount(2) values.
KEPT = {2: NOSUID, 4: NODEV, 8: NOEXEC, 1024: 1024, 2048: 2048, 4096: 1 << 21}
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

libc = ctypes.CDLL(None, use_errno=True)


def must(result: int, step: str) -> None:
    """End here, saying why, unless the call went well."""
    if result != 0:
        number = ctypes.get_errno()
        sys.exit(f"namespaces: {step}: {os.strerror(number)}")


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """mount(2)."""
    coded = [None if word is None else os.fsencode(word) for word in (source, target, kind, data)]
    must(libc.mount(coded[0], coded[1], coded[2], ctypes.c_ulong(flags), coded[3]), f"mount {target}")


def read_only(target: str) -> None:
    """Remount `target` and every mount below it, keeping what restrictions they have."""
    with open("/proc/self/mountinfo", "rb") as table:
        points = [os.fsdecode(unescape(line.split()[4])) for line in table]
    inside = [point for point in points if point == target or point.startswith(target + "/")]
    if target not in inside:
        sys.exit(f"namespaces: {target} is no mount and would stay writable")
    for point in inside:
        found = os.statvfs(point).f_flag
        flags = sum(value for bit, value in KEPT.items() if found & bit)
        mount(None, point, flags=BIND | REMOUNT | RDONLY | flags)


def unescape(field: bytes) -> bytes:
    """A path of mountinfo, in which blanks and the like are octal: proc(5)."""
    first, *rest = field.split(b"\\")
    return first + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in rest)


def spot(path: str, *, folder: bool) -> None:
    """Make the place that something is mounted on."""
    if folder:
        os.makedirs(path, exist_ok=True)
    elif not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "x").close()


def lay_out(root: str, steps: list[list[str]]) -> None:
    """Make the view in `root`, step by step, and make it the root."""
    mount(None, "/", flags=REC | PRIVATE)
    mount("tmpfs", root, "tmpfs", NOSUID | NODEV, "mode=0755")
    dev = root + "/dev"
    spot(dev, folder=True)
    mount("tmpfs", dev, "tmpfs", NOSUID | NOEXEC, "mode=0755")
    for name in DEVICES:
        spot(f"{dev}/{name}", folder=False)
        mount(f"/dev/{name}", f"{dev}/{name}", flags=BIND)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{dev}/{name}")
    os.symlink("/proc/self/fd", dev + "/fd")
    os.symlink("pts/ptmx", dev + "/ptmx")
    spot(dev + "/pts", folder=True)
    mount("devpts", dev + "/pts", "devpts", NOSUID | NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    spot(root + "/proc", folder=True)
    mount("proc", root + "/proc", "proc", NOSUID | NODEV | NOEXEC)
    for kind, source, inside in steps:
        target = root + inside
        if kind == "link":
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(source, target)
        elif kind == "tmpfs":
            spot(target, folder=True)
            mode = "1777" if inside == "/dev/shm" else "0755"  # noqa: S108
            mount(
                "tmpfs",
                target,
                "tmpfs",
                NOSUID | NODEV,
                f"mode={mode}" + (f",size={source}" if source else ""),
            )
        else:
            source = os.path.realpath(source)
            spot(target, folder=os.path.isdir(source))
            mount(source, target, flags=BIND | REC)
            if kind == "bind":
                read_only(target)
    os.chdir(root)
    must(libc.pivot_root(b".", b"."), "pivot_root")
    must(libc.umount2(b".", DETACH), "leave the old root")
    os.chdir("/")
    mount(None, "/", flags=BIND | REMOUNT | RDONLY | NOSUID | NODEV)


def loopback_up() -> None:
    """A new network has a loopback that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(handle, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | UP))


def drop_privileges() -> None:
    """No capability now, none by running something set-uid."""
    number = 0
    while libc.prctl(CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1
    libc.prctl(CAP_AMBIENT, CLEAR_ALL, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)
    must(libc.capset(header, struct.pack("6I", 0, 0, 0, 0, 0, 0)), "drop capabilities")
    must(libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")


def user_namespace(user: int, group: int) -> None:
    """Be root inside, and oneself outside."""
    for name, line in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as table:
            table.write(line)
    # In another one, the command would be mighty again. Where /proc/sys is read-only, so be it.
    try:
        with open("/proc/sys/user/max_user_namespaces", "w") as table:
            table.write("0")
    except OSError:
        pass


def code(status: int) -> int:
    """The exit status that a shell would give."""
    number = os.waitstatus_to_exitcode(status)
    return number if number >= 0 else 128 - number


def environment(descriptor: int) -> dict[bytes, bytes]:
    """What the command finds in its environment."""
    with open(descriptor, "rb") as file:
        words = file.read().split(b"\0")[:-1]
    if len(words) % 3 or any(word != b"--setenv" for word in words[::3]):
        sys.exit(f"namespaces: descriptor {descriptor} holds no environment")
    return dict(zip(words[1::3], words[2::3], strict=True))


def run(command: list[str], cwd: str, variables: dict[bytes, bytes]) -> NoReturn:
    """The command itself, the second process of the namespace."""
    os.chdir(cwd)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, variables)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(127)


def first_process(plan: dict[str, Any], command: list[str], starter: int) -> NoReturn:
    """Process 1 of the namespace: lays out the view, starts the command, reaps orphans."""
    libc.prctl(PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if select.select([starter], [], [], 0)[0]:
        os._exit(1)
    socket.sethostname(plan["host"])
    if not plan["network"]:
        loopback_up()
    lay_out(plan["root"], plan["steps"])
    drop_privileges()
    child = os.fork()
    if child == 0:
        os.setsid()
        run(command, plan["cwd"], plan["variables"])
    while True:
        done, status = os.wait()
        if done == child:
            os._exit(code(status))


def main() -> None:
    """Namespaces first, then the first process in them; wait for it."""
    plan, command = json.loads(sys.argv[1]), sys.argv[2:]
    plan["variables"] = environment(plan["environment"])
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    libc.prctl(PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The agent tells sandboxes by their names: a signal for the program is not for this process.
    libc.prctl(SET_NAME, b"unshare", 0, 0, 0)
    user, group = os.geteuid(), os.getegid()
    flags = NEWNS | NEWPID | NEWIPC | NEWUTS | (0 if plan["network"] else NEWNET)
    must(libc.unshare(flags | (NEWUSER if user else 0)), "unshare")
    if user:
        user_namespace(user, group)
    # Open as long as this process lives: its child sees whether it died before it could ask to die with it.
    starter, alive = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(alive)
        first_process(plan, command, starter)
    os.close(starter)
    sys.exit(code(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
