"""What a user of the SDK's version 2 does with BlazingText, as AWS's sample notebooks have it, unmodified.

`python v2_blazingtext.py TRAIN VALIDATION HYPERPARAMETERS`. Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker.deserializers import JSONDeserializer
from sagemaker.serializers import JSONSerializer

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

session = sagemaker.Session()
train, validation = (
    sagemaker.inputs.TrainingInput(
        session.upload_data(path, key_prefix=f"blazingtext/{Path(path).stem}"), content_type="text/plain"
    )
    for path in sys.argv[1:3]
)
estimator = sagemaker.estimator.Estimator(
    sagemaker.image_uris.retrieve("blazingtext", session.boto_region_name),
    ROLE,
    instance_count=1,
    instance_type="ml.c4.4xlarge",
    hyperparameters=json.loads(sys.argv[3]),
    sagemaker_session=session,
)
estimator.fit({"train": train, "validation": validation}, logs=False)
predictor = estimator.deploy(1, "ml.m4.xlarge", serializer=JSONSerializer(), deserializer=JSONDeserializer())
sentences = [line.split(" ", 1)[1] for line in Path(sys.argv[2]).read_text().splitlines()[:20]]
answers = predictor.predict({"instances": sentences, "configuration": {"k": 2}})
best = predictor.predict({"instances": sentences})
predictor.delete_endpoint()

print()  # behind the dots of progress
print(
    json.dumps(
        {
            "job": estimator.latest_training_job.name,
            "image": estimator.training_image_uri(),
            "answers": answers,
            "best": best,
        }
    )
)
