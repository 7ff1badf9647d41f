"""kill -9 of the controller while endpoints come, change and go: each ends where it was sent, with what it needs and
nothing besides."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.conftest import Server, eventually
from tests.endpoints import Endpoints
from tests.torment import leftovers, tormented


def test_endpoints_survive_a_controller_that_keeps_dying(make_server: Callable[..., Server]) -> None:
    """A killed start is adopted, a killed update goes on, a killed end is finished; no instance is left over."""
    server = make_server()
    endpoints = Endpoints(server)
    first, second = endpoints.model(), endpoints.model()
    one, two = (endpoints.config(endpoints.variant(model, count=2)) for model in (first, second))
    endpoints.delete(endpoints.create(one))  # the image is warm
    with tormented(server, 4):
        names = [endpoints.create(one, wait=False) for _ in range(4)]
        for name in names:
            assert endpoints.settled(name)["EndpointStatus"] == "InService"
        for name in names[:2]:
            endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=two)
        more = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
        endpoints.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=names[2], DesiredWeightsAndCapacities=more
        )
        endpoints.sagemaker.delete_endpoint(EndpointName=names[3])
        time.sleep(3)
    for name, model, count in ((names[0], second, 2), (names[1], second, 2), (names[2], first, 3)):
        described = endpoints.settled(name)
        assert described["EndpointStatus"] == "InService"
        assert "FailureReason" not in described
        paths = endpoints.sockets(name)
        assert len(paths) == count
        assert {endpoints.ask(path)["name"] for path in paths} == {model}
    eventually(lambda: len(leftovers(server, "e")) == 7, what="7 instances")
    for name in names[:3]:
        endpoints.delete(name)
    assert not endpoints.sagemaker.list_endpoints()["Endpoints"]
    assert not leftovers(server, "e")
