"""Discovery: every room that there is, and nothing that AWS does not have."""

from __future__ import annotations

from collections import Counter
from types import ModuleType

import pytest

from salvia import protocol
from salvia.control.call import operation
from salvia.control.dispatch import Dispatch, discover
from salvia.core.errors import ServiceError


@pytest.fixture(scope="module")
def modules() -> list[ModuleType]:
    return discover()


@pytest.fixture(scope="module")
def dispatch(modules: list[ModuleType]) -> Dispatch:
    return Dispatch(modules)


def test_every_operation_exists_in_its_service_s_model(dispatch: Dispatch) -> None:
    unknown = [
        (service, name) for service, name in dispatch.handlers if name not in protocol.service(service).operation_names
    ]
    assert unknown == []


def test_no_operation_is_handled_twice(modules: list[ModuleType]) -> None:
    found = Counter(
        (module.__name__.split(".")[2], value.__salvia_operation__)
        for module in modules
        for value in vars(module).values()
        if getattr(value, "__salvia_operation__", None) and value.__module__ == module.__name__
    )
    assert [name for name, count in found.items() if count > 1] == []


def test_a_second_handler_of_one_operation_is_refused() -> None:
    modules = [ModuleType("salvia.services.sts.one"), ModuleType("salvia.services.sts.two")]
    for module in modules:
        source = "@operation('GetCallerIdentity')\nasync def handle(call):\n    return {}\n"
        module.operation = operation  # type: ignore[attr-defined]
        exec(source, vars(module))  # a room in miniature
    with pytest.raises(RuntimeError, match="GetCallerIdentity"):
        Dispatch(modules)


def test_a_declared_noun_brings_its_operations(dispatch: Dispatch) -> None:
    assert {"DescribeTrainingJob", "ListTrainingJobs", "CreateTrainingJob"} <= {
        name for service, name in dispatch.handlers if service == "sagemaker"
    }
    assert "sagemaker:TrainingJob" in dispatch.reconcilers


def test_what_nobody_built_says_so(dispatch: Dispatch) -> None:
    with pytest.raises(ServiceError, match="does not implement sagemaker:CreateCluster") as caught:
        dispatch.handler("sagemaker", "CreateCluster")
    assert (caught.value.code, caught.value.status) == ("NotImplemented", 501)


def test_hooks_are_found_once(dispatch: Dispatch) -> None:
    for found in dispatch.hooks.values():
        assert len(found) == len(set(found))
    assert dispatch.hooks["provide"]
    assert dispatch.hooks["bootstrap"]
