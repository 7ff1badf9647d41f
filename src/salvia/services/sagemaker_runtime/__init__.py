"""SageMaker Runtime: inferences, by way of `serving`."""
