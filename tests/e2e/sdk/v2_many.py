"""What a user of the SDK's version 2 does with many models, unmodified: `salvia exec -- python v2_many.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker import image_uris
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.multidatamodel import MultiDataModel
from sagemaker.serializers import CSVSerializer

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

session = sagemaker.Session()
data = session.upload_data(sys.argv[1], key_prefix="sdk2/train")
estimators = {}
for rounds in (1, 20):
    estimator = estimators[rounds] = Estimator(
        image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1"),
        ROLE,
        instance_count=1,
        instance_type="ml.m5.large",
        sagemaker_session=session,
        hyperparameters={"num_round": rounds, "objective": "reg:squarederror"},
    )
    estimator.fit({"train": TrainingInput(data, content_type="text/csv")}, logs=False)
many = MultiDataModel(
    name="sdk2-many",
    model_data_prefix=f"s3://{session.default_bucket()}/sdk2/many/",
    model=estimators[1].create_model(),
    sagemaker_session=session,
)
many.add_model(estimators[1].model_data, "one.tar.gz")
predictor = many.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
)
many.add_model(estimators[20].model_data, "later/twenty.tar.gz")  # while it serves
rows = [line.split(",") for line in Path(sys.argv[1]).read_text().splitlines()[:50]]
found = {}
for target in sorted(many.list_models()):
    answer = predictor.predict([row[1:] for row in rows], target_model=target)
    found[target] = [float(value) for line in answer for value in line if value]
predictor.delete_model()
predictor.delete_endpoint()

print()  # behind the dots of progress
print(json.dumps({"labels": [float(row[0]) for row in rows], "predictions": found}))
