"""Which readings are not ordinary? Random Cut Forest on instruments of a space shuttle, without labels. SDK v2.

salvia exec python examples/anomalies.py
"""

import numpy as np
import sagemaker
from sagemaker import RandomCutForest

import data

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"


def auc(scores, anomalous):
    """The chance that what is anomalous has a higher score than what is not; of equal scores, half."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (count.cumsum() - (count - 1) / 2)[place]
    many = anomalous.sum()
    return (ranks[anomalous].sum() - many * (many + 1) / 2) / (many * (len(scores) - many))


readings = data.shuttle().sample(frac=1, random_state=1)
anomalous = readings.pop("anomaly").to_numpy() == 1
values = readings.to_numpy(np.float32)
values = (values - values.mean(axis=0)) / values.std(axis=0)
train, test = values[:30_000], values[30_000:]

session = sagemaker.Session()
forest = RandomCutForest(
    role=ROLE,
    instance_count=1,
    instance_type="ml.m5.large",
    num_trees=100,
    num_samples_per_tree=14,  # as AWS advises: 1 in 14 readings, about, is not ordinary
    sagemaker_session=session,
)
forest.fit(forest.record_set(train), logs=False)
predictor = forest.deploy(1, "ml.m5.large")
scores = np.concatenate(
    [
        [record.label["score"].float32_tensor.values[0] for record in predictor.predict(part)]
        for part in np.array_split(test, 10)
    ]
)
predictor.delete_model()
predictor.delete_endpoint()

far = np.linalg.norm((test - train.mean(axis=0)) / train.std(axis=0), axis=1)
print()
print(f"AUC of Random Cut Forest on {len(test):,} readings that it never saw: {auc(scores, anomalous[30_000:]):.4f}")
print(f"AUC of the distance from the mean reading: {auc(far, anomalous[30_000:]):.4f}")
