"""The hyperparameters that image.toml declares, and a job's values checked against them.

Source: SageMaker developer guide, "XGBoost hyperparameters"; the types are CreateAlgorithm's.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failures import ClientError

IMAGE = Path(__file__).parent.parent / "image.toml"
_FROM_SDK = "sagemaker_"  # what SDKs add of their own accord


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One [[hyperparameter]] of image.toml; what each key means stands there."""

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

    def problem(self, text: str) -> str | None:
        """What is wrong with `text` as a value, as a sentence; None when nothing is."""
        items = [item.strip() for item in text.split(",")] if self.list else [text]
        wrong = next((item for item in items if not self._allows(item)), None)
        if wrong is None:
            return None
        return f"Hyperparameter {self.name}: {wrong!r} is not {self._expected()}{nearest(wrong, self.values)}."

    def value(self, text: str) -> str:
        """An allowed value as XGBoost reads it: tuners write integers as "5.0" at times."""
        return str(int(float(text))) if self.type == "Integer" else text

    def _allows(self, text: str) -> bool:
        if self.type in ("Integer", "Continuous"):
            return self._number_fits(text)
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
            return kind if math.isinf(low) and math.isinf(high) else f"{kind} in {left}{low:g}, {high:g}{right}"
        return f"one of {', '.join(self.values)}" if self.values else f"of the form {self.pattern}"


class Schema:
    """All hyperparameters of the image."""

    def __init__(self, declared: Iterable[Hyperparameter]) -> None:
        self._by_name = {name: one for one in declared for name in (one.name, *one.aliases)}

    def check(self, given: Mapping[str, str]) -> dict[str, str]:
        """The given values that concern XGBoost, under their main names.

        Raises ClientError with a sentence for each problem: all of them, so that one correction suffices.
        """
        problems: list[str] = []
        values: dict[str, str] = {}
        for name, written in given.items():
            text, one = written.strip(), self._by_name.get(name)
            if name.startswith(_FROM_SDK):
                continue
            if one is None:
                problems.append(f"Hyperparameter {name!r} is unknown to XGBoost{nearest(name, self._by_name)}.")
            elif one.name in values:
                problems.append(f"Hyperparameter {one.name} is given under two of its names; {name} is one of them.")
            elif problem := one.problem(text):
                problems.append(problem)
            else:
                values[one.name] = one.value(text)
        if problems:
            raise ClientError(" ".join(problems))
        return values

    def default(self, name: str) -> str:
        """The declared default."""
        return str(self._by_name[name].default)

    def obsolete(self, name: str) -> str | None:
        """Why the hyperparameter does nothing any more; None when it does."""
        return self._by_name[name].obsolete


def load(file: Path = IMAGE) -> Schema:
    """The schema in an image.toml."""
    with file.open("rb") as opened:
        return Schema(_declared(table) for table in tomllib.load(opened)["hyperparameter"])


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
