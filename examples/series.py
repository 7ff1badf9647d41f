"""What made this series? Salvia's Time-Series Classification on outlines of leaves and on days of electricity. SDK v2.

    salvia exec python examples/series.py

The parts to train on and to test on are those of the UCR archive.
"""

import numpy as np
import sagemaker
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.serializers import CSVSerializer

import data

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
session = sagemaker.Session()
IMAGE = f"{session.account_id()}.dkr.ecr.{session.boto_region_name}.amazonaws.com/time-series-classification:latest"


def nearest(train, test):
    """The baseline: the label of the series that is least far away."""
    known, asked = train.iloc[:, 1:].to_numpy(), test.iloc[:, 1:].to_numpy()
    found = [np.linalg.norm(known - one, axis=1).argmin() for one in asked]
    return train.label.to_numpy()[found]


right = {"own": [], "baseline": []}
for name in ("OSULeaf", "ItalyPowerDemand"):
    train, test = data.series(name, "TRAIN"), data.series(name, "TEST")
    rows = train.to_csv(index=False, header=False)  # the label first
    uri = session.upload_string_as_file_body(rows, session.default_bucket(), f"series/{name}/train/rows.csv")
    estimator = Estimator(IMAGE, ROLE, 1, "ml.m5.large", sagemaker_session=session, base_job_name=name)
    estimator.fit({"train": TrainingInput(uri, content_type="text/csv")}, logs=False)
    predictor = estimator.deploy(1, "ml.m5.large", serializer=CSVSerializer(), deserializer=CSVDeserializer())
    answer = predictor.predict(test.iloc[:, 1:].to_numpy())
    predictor.delete_model()
    predictor.delete_endpoint()
    right["own"].append(float(np.mean([int(line[0]) for line in answer] == test.label)))
    right["baseline"].append(float((nearest(train, test) == test.label).mean()))
    print(f"\n{name}: {right['own'][-1]:.3f} of {len(test)} series right; nearest series: {right['baseline'][-1]:.3f}")

print(f"Accuracy of Time-Series Classification, the mean of both: {np.mean(right['own']):.3f}")
print(f"Accuracy of the nearest series: {np.mean(right['baseline']):.3f}")
