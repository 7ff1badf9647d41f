"""Endpoints: `api` accepts them, `lifecycle` starts, replaces and ends their instances, `deployment` updates them.

An endpoint has one *fleet* for each configuration whose instances it runs: one as a rule, two while it is updated.
A *replica* is one instance: an agent with its model server for each container of the variant's model.
"""

from salvia.control.resource import Resource

ENDPOINT = Resource(
    noun="Endpoint",
    key="EndpointName",
    arn="endpoint/{EndpointName}",
    state="EndpointStatus",
    called="endpoint",
    searchable="Endpoint",
    operations=frozenset({"Describe", "List"}),
)
