"""Metrics that a program prints, found by the request's regular expressions.

Source: SageMaker developer guide, "Define Training Metrics"; CloudWatch API reference, PutMetricData.
"""

from __future__ import annotations

import math
import re
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FrameType
from typing import Any

from ..core.client import ClientError
from .journal import Journal
from .logs import Call

_WIDTH = 16_384  # bytes of a line that are looked at
_PATIENCE = 1.0  # seconds that one expression may take over one line
_BATCH = 1000  # metric data in one PutMetricData


class Metrics:
    """Finds metric values in lines, and sends them to CloudWatch.

    An expression can take for ever over an unlucky line and holds the interpreter while it does. Only a
    signal ends it, and only in the main thread; so `examine` must run there, and an expression that takes
    longer than a second is given up, which `on_trouble` is told.
    """

    def __init__(
        self, definitions: Iterable[Mapping[str, str]], on_trouble: Callable[[str], None], journal: Journal
    ) -> None:
        self._on_trouble, self._journal = on_trouble, journal
        self._definitions: list[_Definition] = []
        for definition in definitions:
            try:
                self._definitions.append(_Definition(definition["Name"], definition["Regex"]))
            except (re.error, UnicodeEncodeError, RecursionError, OverflowError) as error:
                on_trouble(f"Metric {definition['Name']}: {definition['Regex']!r} is no regular expression: {error}.")
        self._found: list[tuple[str, float, float]] = []
        self.last: dict[str, tuple[float, float]] = {}

    def __bool__(self) -> bool:
        return bool(self._definitions)

    def examine(self, lines: Sequence[bytes]) -> None:
        """Look for every metric in every line. Main thread only."""
        text: bytes | None = None
        now = round(time.time(), 3)
        for definition in tuple(self._definitions):
            if definition.literal:
                if text is None:
                    text = b"\n".join(lines)
                if definition.literal not in text:
                    continue
            self._search(definition, lines, now)

    def final(self) -> list[dict[str, Any]]:
        """The last value of each metric, as FinalMetricDataList has it; timestamps in seconds."""
        return [{"MetricName": name, "Value": value, "Timestamp": stamp} for name, (value, stamp) in self.last.items()]

    def take(self) -> list[tuple[str, float, float]]:
        """What was found since the last call: name, value, seconds since the epoch."""
        found, self._found = self._found, []
        return found

    def _search(self, definition: _Definition, lines: Sequence[bytes], now: float) -> None:
        with _Alarm() as alarm:
            for line in lines:
                if definition.literal not in line:
                    continue
                alarm.arm()
                try:
                    value = definition.value(line[:_WIDTH].decode("utf-8", "replace"))
                    alarm.disarm()
                except (TooSlowError, RecursionError, MemoryError):
                    self._definitions.remove(definition)
                    self._on_trouble(
                        f"Metric {definition.name} is no longer collected: its regular expression took more "
                        f"than {_PATIENCE:g} s over one line. Make it match without nested repetitions."
                    )
                    return
                if value is not None:
                    self.last[definition.name] = (value, now)
                    self._found.append((definition.name, value, now))


class TooSlowError(Exception):
    """An expression ran out of time."""


class _Alarm:
    """A time limit by SIGALRM; the interpreter's matcher notices signals, and nothing else."""

    def __enter__(self) -> _Alarm:
        self._armed = False
        self._before = signal.signal(signal.SIGALRM, self._ring)
        return self

    def __exit__(self, *_: object) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)

    def arm(self) -> None:
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE)

    def disarm(self) -> None:
        self._armed = False

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        if self._armed:
            self._armed = False
            raise TooSlowError


class _Definition:
    """One metric: its name and how to find its value in a line."""

    def __init__(self, name: str, regex: str) -> None:
        self.name = name
        compiled = re.compile(regex)
        # With `.*` in front, what is found anywhere is found at the start; searching on from each further
        # character would only make a line that does not match cost the square of its length.
        self._find = compiled.match if regex.startswith(".*") else compiled.search
        self._group = 1 if compiled.groups else 0
        self.literal = literal(regex).encode("utf-8", "surrogatepass")

    def value(self, line: str) -> float | None:
        """The number in `line`, or None: no match, no number, or one that is not finite."""
        match = self._find(line)
        if match is None:
            return None
        try:
            value = float(match[self._group] or "")
        except ValueError:
            return None
        return value if math.isfinite(value) else None


def literal(regex: str) -> str:
    """A text that every line matched by `regex` contains; "" where that is not plain to see.

    Looking for it first makes a chunk of lines without metrics cost next to nothing.
    """
    if re.search(r"\(\?[aiLmsux-]", regex):
        return ""  # flags change what letters mean
    text = re.sub(r"\\(?:x..|u.{4}|U.{8}|N\{[^}]*\}|[0-7]{1,3}|.)", "\0", regex)
    text = re.sub(r"\[\^?\]?[^\]]*\]", "\0", text)
    outside, depth = [], 0
    for character in text:
        depth += character == "("
        outside.append("\0" if depth else character)
        depth -= character == ")"
    text = "".join(outside)
    if "|" in text:
        return ""
    text = re.sub(r".(?:[*?]|\{[0-9,]*\})", "\0", text)
    return max(re.split(r"[\0.^$*+?{}]", text), key=len)


class MetricShipper:
    """Sends metric data to CloudWatch under TrainingJobName, and Host besides when there are several."""

    def __init__(
        self,
        call: Call,
        namespace: str,
        job: str,
        host: str | None,
        on_trouble: Callable[[str], None],
        journal: Journal,
    ) -> None:
        self._call, self._namespace, self._on_trouble, self._journal = call, namespace, on_trouble, journal
        self._dimensions = [[{"Name": "TrainingJobName", "Value": job}]]
        if host is not None:
            self._dimensions.append([*self._dimensions[0], {"Name": "Host", "Value": host}])
        self._closed = False

    def send(self, found: Sequence[tuple[str, float, float]]) -> None:
        """Send values; a role that may not is told of once."""
        data = [
            {
                "MetricName": name,
                "Value": value,
                "Timestamp": stamp,
                "Dimensions": dimensions,
                "StorageResolution": 1,  # of seconds: a curve of a job that takes a minute has more than one point
            }
            for name, value, stamp in found
            for dimensions in self._dimensions
        ]
        for start in range(0, len(data), _BATCH):
            if self._closed:
                return
            try:
                self._call(
                    "PutMetricData",
                    {"Namespace": self._namespace, "MetricData": data[start : start + _BATCH]},
                )
            except ClientError as error:
                self._journal.note("metrics.put.failed", error=str(error))
                self._closed = True
                self._on_trouble(f"Metrics are not kept in CloudWatch: {error.message}")
