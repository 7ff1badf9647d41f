"""What a user of the SDK's version 2 does with NTM, IPInsights and DeepAR: `python v2_torch_algorithms.py DATA`.

The SDK is unmodified. DATA is what tests/heavy/torch_data.py made. Prints one line of JSON. The users work at once.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import sagemaker
from sagemaker import NTM, IPInsights, image_uris
from sagemaker.amazon.amazon_estimator import RecordSet
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.s3 import S3Downloader
from sagemaker.serializers import JSONSerializer

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
HORIZON = 12

data, session = Path(sys.argv[1]), sagemaker.Session()
place = {"role": ROLE, "instance_type": "ml.m5.large", "sagemaker_session": session}


def deployed(estimator, **more):
    """deploy(); the endpoint's waiter is AWS's, not the SDK's."""
    predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large", wait=False, **more)
    session.sagemaker_client.get_waiter("endpoint_in_service").wait(
        EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
    )
    return predictor


def topics():
    """NTM: record_set(), fit() on two channels, predict() of records, which speaks RecordIO-protobuf."""
    train, validation = (
        np.loadtxt(data / f"reviews/{name}/counts.csv", delimiter=",", dtype=np.float32)
        for name in ("train", "validation")
    )
    estimator = NTM(
        instance_count=1,
        num_topics=20,
        epochs=60,
        optimizer="adam",
        learning_rate=0.01,
        tolerance=1e-6,
        num_patience_epochs=10,
        **place,
    )
    channels = [estimator.record_set(train), estimator.record_set(validation, channel="validation")]
    estimator.fit(channels, mini_batch_size=200, logs=False)
    predictor = deployed(estimator)
    records = predictor.predict(validation[:20])
    predictor.delete_endpoint()
    weights = [list(record.label["topic_weights"].float32_tensor.values) for record in records]
    return {"job": estimator.latest_training_job.name, "weights": weights}


def logins():
    """IPInsights: fit() of CSV, predict() of rows, which speaks CSV and JSON."""
    estimator = IPInsights(
        instance_count=1, num_entity_vectors=1000, vector_dim=32, epochs=15, learning_rate=0.01, **place
    )
    channels = []
    for channel in ("train", "validation"):
        path = data / f"logins/{channel}/logins.csv"
        uri = session.upload_data(str(path), key_prefix=f"sdk2/logins/{channel}")
        count = len(path.read_text().splitlines())
        channels.append(_Csv(uri, num_records=count, feature_dim=2, s3_data_type="S3Prefix", channel=channel))
    estimator.fit(channels, mini_batch_size=500, logs=False)
    predictor = deployed(estimator)
    rows = [line.split(",") for line in (data / "logins/validation/logins.csv").read_text().splitlines()]
    others = [[user, other[1]] for (user, _), other in zip(rows, rows[1:] + rows[:1], strict=True)]
    scores = [[one["dot_product"] for one in predictor.predict(pairs)["predictions"]] for pairs in (rows, others)]
    predictor.delete_endpoint()
    return {"job": estimator.latest_training_job.name, "observed": scores[0], "others": scores[1]}


class _Csv(RecordSet):
    """A RecordSet is of RecordIO-protobuf unless its channel says otherwise: IP Insights reads CSV alone."""

    def records_s3_input(self):
        return TrainingInput(self.s3_data, content_type="text/csv", distribution="FullyReplicated")


def forecasts():
    """DeepAR: image_uris.retrieve(), Estimator, fit(), deploy(), predict(); transform() of every series."""
    image = image_uris.retrieve("forecasting-deepar", session.boto_region_name)
    estimator = Estimator(image, instance_count=1, output_path=f"s3://{session.default_bucket()}/deepar", **place)
    estimator.set_hyperparameters(
        time_freq="M", context_length=24, prediction_length=HORIZON, epochs=10, learning_rate=0.005
    )
    train, test = (
        session.upload_data(str(data / f"us_employment/{name}"), key_prefix=f"sdk2/employment/{name}")
        for name in ("train", "test")
    )
    estimator.fit({"train": train, "test": test}, logs=False)
    predictor = deployed(estimator, serializer=JSONSerializer(), deserializer=JSONDeserializer())
    series = [json.loads(line) for line in (data / "us_employment/train/before.json").read_text().splitlines()]
    asked = {"num_samples": 50, "output_types": ["mean", "quantiles", "samples"], "quantiles": ["0.5", "0.9"]}
    answer = predictor.predict({"instances": series[:2], "configuration": asked})
    predictor.delete_endpoint()
    wanted = {"num_samples": 200, "output_types": ["quantiles"], "quantiles": [f"0.{tenth}" for tenth in range(1, 10)]}
    transformer = estimator.transformer(
        1,
        "ml.m5.large",
        strategy="SingleRecord",
        assemble_with="Line",
        env={"DEEPAR_INFERENCE_CONFIG": json.dumps(wanted)},
    )
    transformer.transform(train, content_type="application/jsonlines", split_type="Line", logs=False)
    lines = S3Downloader.read_file(f"{transformer.output_path}/before.json.out", session).splitlines()
    return {
        "job": estimator.latest_training_job.name,
        "image": image,
        "answer": answer,
        "quantiles": [json.loads(line)["quantiles"] for line in lines if line],
    }


flows = (forecasts, topics, logins)
with ThreadPoolExecutor(len(flows)) as users:
    print(json.dumps(dict(zip((flow.__name__ for flow in flows), users.map(lambda flow: flow(), flows), strict=True))))
