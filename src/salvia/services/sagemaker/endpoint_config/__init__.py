"""Endpoint configurations: which models, on how many instances of which type, with which share of the traffic.

A configuration is a record: an endpoint takes what it needs of it when it is created or updated.
"""

from salvia.control.resource import Resource

ENDPOINT_CONFIG = Resource(
    noun="EndpointConfig",
    key="EndpointConfigName",
    arn="endpoint-config/{EndpointConfigName}",
    called="endpoint configuration",
    operations=frozenset({"Describe", "List", "Delete"}),
)
