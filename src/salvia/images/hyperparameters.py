"""What an image, or an algorithm of one's own, expects of its hyperparameters, checked before anything is launched.

The types are those of SageMaker's HyperParameterSpecification (API_HyperParameterSpecification); the
sentences are those of AWS's algorithm toolkit, which its own images print as ClientError.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

Type = Literal["Integer", "Continuous", "Categorical", "FreeText"]
TYPES: tuple[str, ...] = get_args(Type)

_MEMBERS = {
    "name", "type", "range", "above", "below", "values", "list", "pattern", "aliases", "default", "required",
    "tunable", "obsolete", "description",
}  # fmt: skip
# What SDKs and the tuner add of their own accord; AWS's toolkit lets them pass as well.
_RESERVED = ("sagemaker_", "_tuning", "_kfold", "_num_cv_round")
# With a user's script, hyperparameters are the script's affair.
_SCRIPT = "sagemaker_program"


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers from `low` to `high`; infinite ends are open by nature."""

    low: float = -math.inf
    high: float = math.inf
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
    """One hyperparameter: what it may be, its default, its other names.

    Numbers lie in `interval`, or are one of `values` ("auto"). Text is one of `values` or matches `pattern`; anything
    where there is neither. With `several`, it is a comma-separated list of such.
    """

    name: str
    type: Type
    interval: Interval = Interval()
    values: tuple[str, ...] = ()
    pattern: str | None = None
    several: bool = False
    aliases: tuple[str, ...] = ()
    default: str | None = None
    required: bool = False

    def problem(self, value: str) -> str | None:
        """Why `value` is not allowed, or None."""
        for item in _listed(value) if self.several else [value]:
            try:
                allowed = self._allows(item)
            except (ValueError, OverflowError):
                return f"Hyperparameter {self.name}: could not parse value '{_short(item)}' as {self.type}"
            if not allowed:
                return f"Hyperparameter {self.name}: {_short(item)} is not in {self._range_text()}"
        return None

    def _allows(self, value: str) -> bool:
        if value in self.values:
            return True
        if self.type in ("Integer", "Continuous"):
            # Tuners write integers as "5.0" at times; Python's underscores are nobody's notation here.
            number = float(value.replace("_", "?"))
            if math.isnan(number) or (self.type == "Integer" and not number.is_integer()):
                raise ValueError("not a number of that type")
            return number in self.interval
        if not self.values and self.pattern is None:
            return True
        return self.pattern is not None and re.fullmatch(self.pattern, value) is not None

    def _range_text(self) -> str:
        if self.type in ("Integer", "Continuous"):
            return " or ".join([str(self.interval), *self.values])
        return str(list(self.values)) if self.values else f"the form {self.pattern}"


def parse(entry: Mapping[str, Any]) -> Hyperparameter:
    """A `[[hyperparameter]]` table of an image.toml. Raises ValueError saying what is wrong with it.

    `range` is `[low, high]`, ends included, `inf` allowed; `above` and `below` are ends that are not. `values`
    are the choices, `pattern` a further form that is allowed, `list = true` a comma-separated list of them.
    `aliases` are other names. `tunable` (the range for tuners), `obsolete` and `description` are for people.
    """
    unknown = set(entry) - _MEMBERS
    name, kind = entry.get("name"), entry.get("type")
    if unknown or not isinstance(name, str) or kind not in TYPES:
        wrong = f"unknown members {sorted(unknown)}" if unknown else f"name {name!r}, type {kind!r}"
        raise ValueError(f"hyperparameter {name!r}: {wrong}; it needs a name and a type of {', '.join(TYPES)}")
    default = entry.get("default")
    made = Hyperparameter(
        name=name,
        type=cast(Type, kind),
        interval=_interval(name, entry),
        values=tuple(_text(choice) for choice in entry.get("values", ())),
        pattern=entry.get("pattern"),
        several=bool(entry.get("list", False)),
        aliases=tuple(entry.get("aliases", ())),
        default=None if default is None else _text(default),
        required=bool(entry.get("required", False)),
    )
    if made.default is not None and (problem := made.problem(made.default)):
        raise ValueError(f"hyperparameter {name!r}: its default is not allowed: {problem}")
    return made


def specified(entry: Mapping[str, Any]) -> Hyperparameter:
    """A HyperParameterSpecification of CreateAlgorithm. Raises ValueError saying what is wrong with it."""
    name, kind = entry["Name"], entry["Type"]
    ranges = entry.get("Range") or {}
    own = f"{kind}ParameterRangeSpecification"
    if set(ranges) - {own}:
        allowed = "no Range" if kind == "FreeText" else f"a Range of {own}"
        raise ValueError(f"hyperparameter {name!r}: it has {', '.join(sorted(ranges))}; the type {kind} has {allowed}")
    bounds = ranges.get(own) or {}
    written: dict[str, Any] = {"name": name, "type": kind, "required": entry.get("IsRequired", False)}
    if "MinValue" in bounds:
        written["range"] = [_bound(name, bounds[end]) for end in ("MinValue", "MaxValue")]
    if "Values" in bounds:
        written["values"] = bounds["Values"]
    if "DefaultValue" in entry:
        written["default"] = entry["DefaultValue"]
    return parse(written)


def check(
    specified: Iterable[Hyperparameter], given: Mapping[str, str], reserved: tuple[str, ...] = _RESERVED
) -> list[str]:
    """Everything that is wrong with `given`, a sentence each; empty when nothing is.

    What begins with one of `reserved` is passed over.
    """
    if _SCRIPT in given and _SCRIPT.startswith(reserved):
        return []
    specified = tuple(specified)
    known = {name: entry for entry in specified for name in (entry.name, *entry.aliases)}
    problems = []
    for name, value in given.items():
        if name in known:
            problem = known[name].problem(value)
            if problem:
                problems.append(problem)
        elif not name.startswith(reserved):
            near = difflib.get_close_matches(name, known, 1)
            hint = f". Did you mean {near[0]}?" if near else ""
            problems.append(f"Extraneous hyperparameter found: {_short(name)}{hint}")
    problems += [
        f"Missing required hyperparameter: {entry.name}"
        for entry in specified
        if entry.required and not {entry.name, *entry.aliases} & set(given)
    ]
    return problems


def _bound(name: str, text: str) -> float:
    try:
        return float(text.replace("_", "?"))
    except ValueError:
        raise ValueError(f"hyperparameter {name!r}: {_short(text)!r} is no number, and no end of a range") from None


def _interval(name: str, entry: Mapping[str, Any]) -> Interval:
    written = entry.get("range", [-math.inf, math.inf])
    if not (isinstance(written, list) and len(written) == 2):
        raise ValueError(f"hyperparameter {name!r}: {written!r} is no range; it reads [low, high]")
    low, high = float(written[0]), float(written[1])
    if not low <= high:
        raise ValueError(f"hyperparameter {name!r}: its range is empty: [{low:g}, {high:g}]")
    above, below = float(entry.get("above", -math.inf)), float(entry.get("below", math.inf))
    return Interval(max(low, above), min(high, below), above >= low, below <= high)


def _text(value: object) -> str:
    """A TOML value as it would stand in a request, where every hyperparameter is text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: str) -> list[str]:
    """The items of a list with commas, which SDKs also write as JSON."""
    return [item.strip().strip("\"'") for item in value.strip().strip("[]").split(",")]


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
