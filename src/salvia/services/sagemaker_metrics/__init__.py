"""SageMaker's metrics data plane: what a run reports of itself, value by value."""
