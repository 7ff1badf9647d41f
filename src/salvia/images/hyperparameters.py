"""What an image expects of its hyperparameters, checked before anything is launched.

The types are those of SageMaker's HyperParameterSpecification (API_HyperParameterSpecification); the
sentences are those of AWS's algorithm toolkit, which its own images print as ClientError.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

Type = Literal["Integer", "Continuous", "Categorical", "FreeText"]
TYPES: tuple[str, ...] = get_args(Type)

_MEMBERS = {"name", "type", "range", "default", "required"}
_INTERVAL = re.compile(r"\s*([\[(])\s*(\S+?)\s*,\s*(\S+?)\s*([\])])\s*")
# What SDKs and the tuner add of their own accord; AWS's toolkit lets them pass as well.
_RESERVED = ("sagemaker_", "_tuning", "_kfold", "_num_cv_round")
# With a user's script, hyperparameters are the script's affair.
_SCRIPT = "sagemaker_program"


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers from `low` to `high`; infinite ends are open by nature."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def __str__(self) -> str:
        left = "(" if self.low_open or math.isinf(self.low) else "["
        right = ")" if self.high_open or math.isinf(self.high) else "]"
        return f"{left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One hyperparameter: its type, what it may be (an interval, or the choices), its default."""

    name: str
    type: Type
    range: Interval | tuple[str, ...] | None = None
    default: str | None = None
    required: bool = False

    def problem(self, value: str) -> str | None:
        """Why `value` is not allowed, or None."""
        try:
            allowed = self._allows(value)
        except (ValueError, OverflowError):
            return f"Hyperparameter {self.name}: could not parse value '{_short(value)}' as {self.type}"
        if allowed:
            return None
        return f"Hyperparameter {self.name}: {_short(value)} is not in {self._range_text()}"

    def _allows(self, value: str) -> bool:
        if self.type in ("Integer", "Continuous"):
            # Tuners write integers as "5.0" at times; Python's underscores are nobody's notation here.
            number = float(value.replace("_", "?"))
            if math.isnan(number) or (self.type == "Integer" and not number.is_integer()):
                raise ValueError("not a number of that type")
            return not isinstance(self.range, Interval) or number in self.range
        return not isinstance(self.range, tuple) or value in self.range

    def _range_text(self) -> str:
        return str(list(self.range)) if isinstance(self.range, tuple) else str(self.range)


def parse(entry: Mapping[str, object]) -> Hyperparameter:
    """A `[[hyperparameter]]` table of an image.toml. Raises ValueError saying what is wrong with it.

    `range` is `[low, high]` (ends included, `inf` allowed) or text such as `"(0, 1]"` for numbers, and the
    list of choices for Categorical.
    """
    unknown = set(entry) - _MEMBERS
    name, kind = entry.get("name"), entry.get("type")
    if unknown or not isinstance(name, str) or kind not in TYPES:
        wrong = f"unknown members {sorted(unknown)}" if unknown else f"name {name!r}, type {kind!r}"
        raise ValueError(
            f"hyperparameter {name!r}: {wrong}; it needs a name and a type of {', '.join(TYPES)}"
        )
    default = entry.get("default")
    made = Hyperparameter(
        name=name,
        type=cast(Type, kind),
        range=_range(name, str(kind), entry.get("range")),
        default=None if default is None else _text(default),
        required=bool(entry.get("required", False)),
    )
    if made.default is not None and (problem := made.problem(made.default)):
        raise ValueError(f"hyperparameter {name!r}: its default is not allowed: {problem}")
    return made


def check(specified: Iterable[Hyperparameter], given: Mapping[str, str]) -> list[str]:
    """Everything that is wrong with `given`, a sentence each; empty when nothing is."""
    if _SCRIPT in given:
        return []
    known = {entry.name: entry for entry in specified}
    problems = []
    for name, value in given.items():
        if name in known:
            problem = known[name].problem(value)
            if problem:
                problems.append(problem)
        elif not name.startswith(_RESERVED):
            near = difflib.get_close_matches(name, known, 1)
            hint = f". Did you mean {near[0]}?" if near else ""
            problems.append(f"Extraneous hyperparameter found: {_short(name)}{hint}")
    problems += [
        f"Missing required hyperparameter: {entry.name}"
        for entry in known.values()
        if entry.required and entry.name not in given
    ]
    return problems


def _range(name: str, kind: str, written: object) -> Interval | tuple[str, ...] | None:
    if written is None:
        return None
    if kind == "Categorical" and isinstance(written, list):
        return tuple(_text(choice) for choice in written)
    if kind in ("Integer", "Continuous"):
        if isinstance(written, list) and len(written) == 2:
            return Interval(float(written[0]), float(written[1]))
        if isinstance(written, str) and (found := _INTERVAL.fullmatch(written)):
            return Interval(float(found[2]), float(found[3]), found[1] == "(", found[4] == ")")
    raise ValueError(f"hyperparameter {name!r}: {written!r} is no range for {kind}")


def _text(value: object) -> str:
    """A TOML value as it would stand in a request, where every hyperparameter is text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
