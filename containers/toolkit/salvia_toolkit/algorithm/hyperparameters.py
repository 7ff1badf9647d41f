"""The hyperparameters that image.toml declares, and a job's values checked against them.

The types are CreateAlgorithm's.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .failures import ClientError

_FROM_OTHERS = ("sagemaker_", "_tuning")  # what SDKs and tuners add of their own accord


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One [[hyperparameter]] of image.toml; what each key means stands in docs/algorithms.md."""

    name: str
    type: str
    aliases: tuple[str, ...] = ()
    range: tuple[float, float] = (-math.inf, math.inf)
    above: float = -math.inf
    below: float = math.inf
    values: tuple[str, ...] = ()
    pattern: str | None = None
    list: bool = False
    default: object = None
    obsolete: str | None = None
    required: bool = False

    def problem(self, text: str) -> str | None:
        """What is wrong with `text` as a value, as a sentence; None when nothing is."""
        items = listed(text) if self.list else [text]
        wrong = next((item for item in items if not self._allows(item)), None)
        if wrong is None:
            return None
        return f"Hyperparameter {self.name}: {wrong!r} is not {self._expected()}{nearest(wrong, self.values)}."

    def value(self, text: str) -> str:
        """An allowed value as it is read: tuners write integers as "5.0" at times."""
        return str(int(float(text))) if self.type == "Integer" and text not in self.values else text

    def settled(self, text: str) -> object:
        """An allowed value as what it means: a number, a truth, several texts, or a text."""
        if self.list:
            return tuple(listed(text))
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        if self.type not in ("Integer", "Continuous") or text in self.values:
            return text
        return int(float(text)) if self.type == "Integer" else float(text)

    def _allows(self, text: str) -> bool:
        if self.type in ("Integer", "Continuous"):
            return text in self.values or self._number_fits(text)
        if not self.values and self.pattern is None:
            return True
        return text in self.values or (self.pattern is not None and re.fullmatch(self.pattern, text) is not None)

    def _number_fits(self, text: str) -> bool:
        try:
            number = float(text.replace("_", "?"))  # Python's underscores are nobody's notation here
        except ValueError:
            return False
        if self.type == "Integer" and not number.is_integer():
            return False
        return self.range[0] <= number <= self.range[1] and self.above < number < self.below

    def _expected(self) -> str:
        if self.type in ("Integer", "Continuous"):
            kind = "an integer" if self.type == "Integer" else "a number"
            low, high = max(self.range[0], self.above), min(self.range[1], self.below)
            left = "(" if low == self.above else "["
            right = ")" if high == self.below else "]"
            bounds = "" if math.isinf(low) and math.isinf(high) else f" in {left}{low:g}, {high:g}{right}"
            return " or ".join([kind + bounds, *self.values])
        return f"one of {', '.join(self.values)}" if self.values else f"of the form {self.pattern}"


class Schema:
    """All hyperparameters of an image."""

    def __init__(self, declared: Iterable[Hyperparameter], algorithm: str) -> None:
        self._algorithm = algorithm
        self._by_name = {name: one for one in declared for name in (one.name, *one.aliases)}

    def check(self, given: Mapping[str, str]) -> dict[str, str]:
        """The given values that concern the algorithm, under their main names.

        Raises ClientError with a sentence for each problem: all of them, so that one correction suffices.
        """
        problems: list[str] = []
        values: dict[str, str] = {}
        for name, written in given.items():
            text, one = written.strip(), self._by_name.get(name)
            if one is None and name.startswith(_FROM_OTHERS):
                continue
            if one is None:
                near = nearest(name, self._by_name)
                problems.append(f"Hyperparameter {name!r} is unknown to {self._algorithm}{near}.")
            elif one.name in values:
                problems.append(f"Hyperparameter {one.name} is given under two of its names; {name} is one of them.")
            elif problem := one.problem(text):
                problems.append(problem)
            else:
                values[one.name] = one.value(text)
        if problems:
            raise ClientError(" ".join(problems))
        return values

    def settle(self, given: Mapping[str, str]) -> SimpleNamespace:
        """Every hyperparameter by its name: the given value, else its default, else None.

        Raises ClientError with a sentence for each that is wrong, or required and missing.
        """
        values, every = self.check(given), dict.fromkeys(self._by_name.values())
        missing = [one.name for one in every if one.required and one.name not in values]
        if missing:
            raise ClientError(f"Hyperparameter {', '.join(missing)} is required and not given.")
        found: dict[str, object] = {}
        for one in every:
            text = values.get(one.name, None if one.default is None else str(one.default))
            found[one.name] = None if text is None else one.settled(text)
        return SimpleNamespace(**found, tuned=any(name.startswith("_tuning") for name in given))

    def default(self, name: str) -> str:
        """The declared default."""
        return str(self._by_name[name].default)

    def obsolete(self, name: str) -> str | None:
        """Why the hyperparameter does nothing any more; None when it does."""
        one = self._by_name.get(name)
        return one.obsolete if one else None


def load(file: Path, algorithm: str) -> Schema:
    """The schema in an image.toml; `algorithm` is what messages call it."""
    with file.open("rb") as opened:
        return Schema((_declared(table) for table in tomllib.load(opened)["hyperparameter"]), algorithm)


def listed(text: str) -> list[str]:
    """The items of a comma-separated list, which SDKs also write as JSON: ["msd", "ssd"]."""
    return [item.strip().strip("\"'") for item in text.strip().strip("[]").split(",")]


def nearest(text: str, candidates: Iterable[str]) -> str:
    """' (did you mean …?)', or nothing when nothing is near."""
    near = difflib.get_close_matches(text, list(candidates), n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _declared(table: Mapping[str, Any]) -> Hyperparameter:
    known: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in table.items()
        if key in Hyperparameter.__dataclass_fields__
    }
    return Hyperparameter(**known)
