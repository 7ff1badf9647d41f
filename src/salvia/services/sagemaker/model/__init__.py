"""Models: which containers serve, with which data, in whose name. Nothing runs until an endpoint needs it."""

from salvia.control.resource import Resource

MODEL = Resource(
    noun="Model",
    key="ModelName",
    arn="model/{ModelName}",
    called="model",
    operations=frozenset({"Describe", "List", "Delete"}),
)
