"""Who gets a request: a variant by its weight, a fleet by its share, a replica by the variant's strategy.

Source: SageMaker API reference, ProductionVariant (InitialVariantWeight, RoutingConfig).
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from . import errors
from .endpoint import Endpoint, Fleet, Replica, Variant

T = TypeVar("T")
_BOUND, _FEW = 1.25, 4  # of an even share; requests: what a replica may have before a model is asked of another


def variant(endpoint: Endpoint, target: str | None) -> Variant:
    """The variant that a request names, or one by weight. Raises ValidationError for a name that is none."""
    variants = endpoint.variants
    if target is not None:
        for one in variants:
            if one.name == target:
                return one
        raise errors.no_variant(endpoint.name, target)
    return variants[0] if len(variants) == 1 else _drawn(variants, lambda one: one.weight)


def replica(of: Variant, but: Replica | None = None, model: str | None = None) -> Replica | None:
    """A replica that is not down, another than `but` where there is one; None when all are down.

    One of many models has replicas of its own, as long as these are not asked for more than others are.
    """
    fleet = of.fleets[0] if len(of.fleets) == 1 else _drawn(of.fleets, lambda one: one.share) if of.fleets else None
    if fleet is None:
        return None
    up = _up(fleet)
    if not up:
        up = [one for other in of.fleets for one in _up(other)]
    if not up:
        return None
    if len(up) == 1:
        return up[0]
    if but is not None and but in up:
        up.remove(but)
    if model is not None:
        return _nearest(up, model)
    if not of.least:
        return random.choice(up)  # noqa: S311
    fewest = min(one.outstanding for one in up)
    return random.choice([one for one in up if one.outstanding == fewest])  # noqa: S311


def _nearest(up: list[Replica], model: str) -> Replica:
    """The first replica in the model's own order that has not more than its share of what is under way.

    Every gateway knows that order, and nobody has to remember which models are where: rendezvous hashing with bounded
    loads. A model that is asked for more than one replica bears spreads over as many as it takes.
    """
    share = max(_FEW, math.ceil(_BOUND * (1 + sum(one.outstanding for one in up)) / len(up)))
    free = [one for one in up if one.outstanding < share]
    return max(free, key=lambda one: hashlib.blake2b(f"{one.id}/{model}".encode(), digest_size=8).digest())


def _up(fleet: Fleet) -> list[Replica]:
    return [one for one in fleet.replicas if not one.down]


def _drawn(options: Sequence[T], weight: Callable[[T], float]) -> T:
    """One of `options`, each as likely as its weight; as likely as another where all weights are zero."""
    weights = [max(weight(one), 0.0) for one in options]
    if not any(weights):
        return random.choice(options)  # noqa: S311
    return random.choices(options, weights)[0]  # noqa: S311
