"""Who will leave? XGBoost, the built-in algorithm, on the customers of a telephone company. SDK v2.

salvia exec python examples/churn.py
"""

import numpy as np
import pandas as pd
import sagemaker
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import CSVSerializer

import data

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"


def f1(predicted, actual):
    """The harmonic mean of precision and recall."""
    return 2 * (predicted & actual).sum() / (predicted.sum() + actual.sum())


customers = pd.get_dummies(data.churn(), dtype=int).sample(frac=1, random_state=1)  # the label is the first column
train, validation, test = customers[:3000], customers[3000:4000], customers[4000:]
session = sagemaker.Session()


def channel(rows, name):
    """The rows in S3, as XGBoost takes CSV: label first, no header."""
    uri = session.upload_string_as_file_body(
        rows.to_csv(index=False, header=False), session.default_bucket(), f"churn/{name}/rows.csv"
    )
    return TrainingInput(uri, content_type="text/csv")


estimator = Estimator(
    sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1"),
    ROLE,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
    hyperparameters={
        "objective": "binary:logistic",
        "num_round": 300,
        "early_stopping_rounds": 30,
        "eta": 0.1,
        "max_depth": 5,
        "subsample": 0.8,
        "eval_metric": "logloss",
    },
)
estimator.fit({"train": channel(train, "train"), "validation": channel(validation, "validation")}, logs=False)
predictor = estimator.deploy(1, "ml.m5.large", serializer=CSVSerializer(), deserializer=CSVDeserializer())
answer = predictor.predict(test.iloc[:, 1:].to_numpy())
predictor.delete_model()
predictor.delete_endpoint()

leaves = test.churn.to_numpy() == 1
scores = np.array([float(value) for line in answer for value in line])
complains = test.number_customer_service_calls.to_numpy() >= 4
print()
print(f"F1 of XGBoost on {len(test):,} customers that it never saw: {f1(scores > 0.5, leaves):.3f}")
print(f"F1 of the rule 'whoever has called the service four times leaves': {f1(complains, leaves):.3f}")
