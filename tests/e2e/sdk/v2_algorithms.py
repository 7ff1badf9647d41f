"""What a user of the SDK's version 2 does with its first-party estimators, unmodified: `python v2_algorithms.py CSV`.

The columns of the CSV are a label, then features. Prints one line of JSON. The users work at once.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import sagemaker
from sagemaker import KNN, LDA, PCA, FactorizationMachines, KMeans, LinearLearner, RandomCutForest

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

session = sagemaker.Session()
rows = np.loadtxt(sys.argv[1], delimiter=",", dtype=np.float32)
labels, features = rows[:, 0], (rows[:, 1:] - rows[:, 1:].mean(axis=0)) / rows[:, 1:].std(axis=0)
documents = np.kron(np.eye(2), np.full((20, 5), 3)).astype(np.float32)  # counts of words, of two vocabularies
place = {"role": ROLE, "instance_type": "ml.m5.large", "sagemaker_session": session}
ESTIMATORS = {
    "kmeans": (KMeans(instance_count=2, k=4, epochs=3, eval_metrics=["msd", "ssd"], **place), False),
    "pca": (PCA(instance_count=1, num_components=3, subtract_mean=True, **place), False),
    "linear": (LinearLearner(instance_count=1, predictor_type="regressor", epochs=30, use_bias=True, **place), True),
    "knn": (KNN(instance_count=1, k=20, sample_size=400, predictor_type="regressor", **place), True),
    "forest": (RandomCutForest(instance_count=1, num_trees=50, **place), False),
    "machine": (
        FactorizationMachines(
            instance_count=1, num_factors=4, predictor_type="regressor", epochs=100, bias_lr=8, linear_lr=2, **place
        ),
        True,
    ),
    "lda": (LDA(num_topics=2, **place), False),
}


def used(name):
    """record_set(), fit(), deploy(), predict() of records; the endpoint's waiter is AWS's, not the SDK's."""
    estimator, labelled = ESTIMATORS[name]
    rows = documents if name == "lda" else features
    train = estimator.record_set(rows, labels if labelled else None)
    estimator.fit(train, mini_batch_size={"linear": 50, "lda": len(documents)}.get(name), logs=False)
    predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large", wait=False)
    session.sagemaker_client.get_waiter("endpoint_in_service").wait(
        EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
    )
    records = predictor.predict(rows)
    answers = [{key: list(value.float32_tensor.values) for key, value in one.label.items()} for one in records]
    predictor.delete_endpoint()
    return {"job": estimator.latest_training_job.name, "image": estimator.training_image_uri(), "answers": answers}


with ThreadPoolExecutor(len(ESTIMATORS)) as users:
    print(json.dumps(dict(zip(ESTIMATORS, users.map(used, ESTIMATORS), strict=True))))
