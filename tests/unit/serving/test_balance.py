"""Which replica a request for one of many models goes to. Source: developer guide, "How Multi-Model Endpoints Work"."""

from __future__ import annotations

from collections import Counter

import pytest

from salvia.serving import balance
from salvia.serving.endpoint import Fleet, Replica, Variant


@pytest.fixture
def three() -> Variant:
    """A variant of three instances."""
    replicas = tuple(Replica(f"i-{number}", ()) for number in range(3))
    return Variant("v", 1.0, "instances", True, "MultiModel", "", None, (Fleet(1.0, replicas),))


def test_models_are_spread_and_each_stays_where_it_is(three: Variant) -> None:
    """A replica that leaves takes only its own away with it."""
    models = [f"{number}.tar.gz" for number in range(300)]
    places = {model: balance.replica(three, model=model) for model in models}
    assert all(balance.replica(three, model=model) is places[model] for model in models)
    counts = Counter(place.id for place in places.values() if place)
    assert set(counts) == {"i-0", "i-1", "i-2"}
    assert min(counts.values()) > 60
    gone = three.fleets[0].replicas[0]
    gone.down = True
    for model in models:
        assert places[model] in (gone, balance.replica(three, model=model))


def test_a_popular_model_takes_more_replicas(three: Variant) -> None:
    """One after the other, in an order of its own; none has more than its share, and no other model is moved far."""
    used = []
    for _ in range(30):
        replica = balance.replica(three, model="popular.tar.gz")
        assert replica is not None
        replica.outstanding += 1
        used.append(replica.id)
    assert len(set(used[:4])) == 1
    assert set(Counter(used)) == {"i-0", "i-1", "i-2"}
    assert max(Counter(used).values()) <= 13  # 1.25 of an even share, rounded up
