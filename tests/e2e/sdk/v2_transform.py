"""What a user of the SDK's version 2 does to score a file: `salvia exec -- python v2_transform.py CSV`. Prints one line
of JSON."""

import json
import sys

import sagemaker
from sagemaker import image_uris
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.s3 import S3Downloader

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

session = sagemaker.Session()
data = session.upload_data(sys.argv[1], key_prefix="sdk2/score")
estimator = Estimator(
    image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1"),
    ROLE,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
    hyperparameters={"num_round": 5, "objective": "reg:squarederror"},
)
estimator.fit({"train": TrainingInput(data, content_type="text/csv")}, logs=False)
transformer = estimator.transformer(
    1, "ml.m5.large", strategy="MultiRecord", assemble_with="Line", accept="text/csv", env={"MINE": "1"}
)
transformer.transform(
    data,
    content_type="text/csv",
    split_type="Line",
    input_filter="$[1:]",
    join_source="Input",
    output_filter="$[0,-1]",
    logs=True,
)
scored = S3Downloader.read_file(f"{transformer.output_path}/diabetes.csv.out", session)
print(json.dumps({"scored": scored, "model": estimator.model_data}))
