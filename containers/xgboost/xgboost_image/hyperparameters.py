"""The hyperparameters that image.toml declares, and a job's values checked against them.

Source: SageMaker developer guide, "XGBoost hyperparameters"; the words for types are CreateAlgorithm's.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .failures import ClientError

IMAGE = Path(__file__).parent.parent / "image.toml"


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One [[hyperparameter]] of image.toml; see there for what each key means."""

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
    rest: dict[str, Any] = field(default_factory=dict)

    def problem(self, text: str) -> str | None:
        """What is wrong with `text` as a value, as a sentence; None when nothing is."""
        items = [item.strip() for item in text.split(",")] if self.list else [text]
        wrong = next((item for item in items if not self._allows(item)), None)
        if wrong is None:
            return None
        return f"Hyperparameter {self.name!r}: {wrong!r} is not {self._expected()}{_nearest(wrong, self.values)}."

    def _allows(self, text: str) -> bool:
        if self.type in ("Integer", "Continuous"):
            return self._number_fits(text)
        if not self.values and self.pattern is None:
            return True
        return text in self.values or (self.pattern is not None and re.fullmatch(self.pattern, text) is not None)

    def _number_fits(self, text: str) -> bool:
        try:
            # Tuners write integers as "5.0" at times; Python's underscores are nobody's notation here.
            number = float(text.replace("_", "?"))
        except ValueError:
            return False
        if self.type == "Integer" and not number.is_integer():
            return False
        return self.range[0] <= number <= self.range[1] and self.above < number < self.below

    def _expected(self) -> str:
        if self.type in ("Integer", "Continuous"):
            kind = "an integer" if self.type == "Integer" else "a number"
            low, high = max(self.range[0], self.above), min(self.range[1], self.below)
            left = "(" if low in (self.above, -math.inf) else "["
            right = ")" if high in (self.below, math.inf) else "]"
            return kind if math.isinf(low) and math.isinf(high) else f"{kind} in {left}{low:g}, {high:g}{right}"
        if self.values:
            return f"one of {', '.join(self.values)}"
        return f"of the form {self.pattern}"


class Schema:
    """All hyperparameters of the image, by name and alias."""

    def __init__(self, declared: list[Hyperparameter]) -> None:
        self._by_name = {name: one for one in declared for name in (one.name, *one.aliases)}

    def check(self, given: Mapping[str, str]) -> dict[str, str]:
        """The given values under their main names.

        Raises ClientError with one sentence for each problem: all of them, so that one correction suffices.
        """
        problems: list[str] = []
        known: dict[str, str] = {}
        for name, value in given.items():
            one = self._by_name.get(name)
            if one is None:
                problems.append(self._unknown(name))
            elif one.name in known:
                problems.append(f"Hyperparameter {name!r} is another name of {one.name!r}, which is given too.")
            elif problem := one.problem(value):
                problems.append(problem)
            else:
                known[one.name] = _integral(value) if one.type == "Integer" else value
        if problems:
            raise ClientError(" ".join(problems))
        return known

    def default(self, name: str) -> str:
        """The declared default, as text."""
        return str(self._by_name[name].default)

    def obsolete(self, name: str) -> str | None:
        """Why this hyperparameter no longer does anything; None when it does."""
        return self._by_name[name].obsolete

    def _unknown(self, name: str) -> str:
        if name.startswith("sagemaker_"):
            return (
                f"Hyperparameter {name!r} asks for script mode; this image trains the built-in algorithm only. "
                "Remove the entry point, or use an image of your own."
            )
        return f"Hyperparameter {name!r} is unknown to XGBoost{_nearest(name, tuple(self._by_name))}."


def load(file: Path = IMAGE) -> Schema:
    """The schema in an image.toml."""
    with file.open("rb") as opened:
        declared = tomllib.load(opened)["hyperparameter"]
    return Schema([_declared(table) for table in declared])


def _declared(table: dict[str, Any]) -> Hyperparameter:
    known = set(Hyperparameter.__dataclass_fields__) - {"rest"}
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items() if key in known}
    return Hyperparameter(**values, rest={key: value for key, value in table.items() if key not in known})


def _integral(text: str) -> str:
    return str(int(float(text)))


def _nearest(text: str, candidates: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(text, candidates, n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(near)}?)" if near else ""
