"""What a user of the SDK's version 2 does with a function of their own, unmodified: `python v2_remote.py`.

Prints one line of JSON.
"""

import json
import os

import sagemaker
from sagemaker.image_uris import get_base_python_image_uri
from sagemaker.remote_function import remote

session = sagemaker.Session()


@remote(
    sagemaker_session=session,
    role="arn:aws:iam::123456789012:role/SageMakerExecutionRole",
    image_uri=get_base_python_image_uri("us-east-1"),
    instance_type="ml.m5.large",
    keep_alive_period_in_seconds=0,
)
def scaled(values, factor):
    if factor == 0:
        raise ZeroDivisionError("a factor of one's own")
    return {"values": [value * factor for value in values], "job": os.environ["TRAINING_JOB_NAME"]}


found = scaled([1, 2, 3], factor=2)
try:
    scaled([1], factor=0)
except ZeroDivisionError as error:
    found["raised"] = str(error)
print()
print(json.dumps(found))
