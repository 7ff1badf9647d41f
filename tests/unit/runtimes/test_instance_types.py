"""Instance types and the machine."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from salvia.runtimes import instance_types
from salvia.runtimes.base import Capacity, UnsupportedError
from salvia.runtimes.choose import choose
from salvia.runtimes.instance_types import instance_type
from salvia.runtimes.machine import capacity


@pytest.mark.parametrize(
    ("name", "vcpu", "gib", "gpus"),
    [
        ("ml.m5.xlarge", 4, 16, 0),
        ("ml.t3.medium", 2, 4, 0),
        ("ml.p3.2xlarge", 8, 61, 1),
        ("ml.g5.48xlarge", 192, 768, 8),
    ],
)
def test_a_type_has_its_hardware(name: str, vcpu: int, gib: float, gpus: int) -> None:
    """aws.amazon.com/ec2/instance-types."""
    found = instance_type(name)
    assert found is not None
    assert (found.vcpu, found.memory_gib, found.gpu_count, found.memory) == (vcpu, gib, gpus, gib * 2**30)


def test_a_type_that_is_none_is_none() -> None:
    """The API's enum says which there are."""
    assert instance_type("ml.m5.huge") is None


def test_every_type_of_the_api_is_there() -> None:
    """TrainingInstanceType of the service model that coverage is claimed against."""
    from salvia.protocol import models

    enum = models.service("sagemaker").shape_for("TrainingInstanceType").enum
    assert set(enum) <= set(instance_types.names())


def test_every_figure_has_a_source() -> None:
    """Carried over with their sources and dates; none was found for what is null."""
    data = json.loads(resources.files("salvia.runtimes").joinpath("instance_types.json").read_text())
    column = data["columns"].index("source")
    for name, row in data["instance_types"].items():
        assert row[column] in data["source"] or row[:column] == [None] * column, name


def test_a_type_is_fitted_into_the_machine() -> None:
    """capacity = "elastic": the type's own figures, or all there is where that is less."""
    found = instance_type("ml.m5.xlarge")
    assert found is not None
    assert found.fitted(Capacity(2.0, 8 << 30)) == (2.0, 8 << 30)
    assert found.fitted(Capacity(64.0, 512 << 30)) == (4.0, 16 << 30)


def test_the_machine_has_something() -> None:
    """At least a core and some memory."""
    cpus, memory = capacity()
    assert cpus > 0
    assert memory > 1 << 26


class _Catalogue:
    def find(self, uri: str) -> str:
        return f"image of {uri}"


def test_without_a_runtime_for_it_an_image_is_refused() -> None:
    """Cause and remedy."""
    with pytest.raises(UnsupportedError, match="needs the process runtime"):
        choose("some:image", _Catalogue(), {})
