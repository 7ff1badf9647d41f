"""What a user of the SDK's version 2 does with a model, unmodified: `salvia exec -- python v2_hosting.py JOB CSV`.

Prints one line of JSON. Four users work at once: the SDK looks at an endpoint only every thirty seconds.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sagemaker
from sagemaker.deserializers import CSVDeserializer
from sagemaker.model_monitor import DataCaptureConfig
from sagemaker.pipeline import PipelineModel
from sagemaker.predictor import Predictor
from sagemaker.serializers import CSVSerializer
from sagemaker.serverless import ServerlessInferenceConfig
from sagemaker.xgboost import XGBoostModel
from v2_trained import estimator, rows, session

features = [row[1:] for row in rows]
csv = {"serializer": CSVSerializer(), "deserializer": CSVDeserializer()}
place = {"initial_instance_count": 1, "instance_type": "ml.m5.large"}


def values(answer):
    """All numbers of an answer."""
    return [float(value) for line in answer for value in line if value]


def gone(predictor):
    """What is said of an endpoint once it is deleted; its waiter is AWS's, not the SDK's."""
    predictor.delete_endpoint()
    session.sagemaker_client.get_waiter("endpoint_deleted").wait(EndpointName=predictor.endpoint_name)
    try:
        session.describe_endpoint(predictor.endpoint_name)
    except session.sagemaker_client.exceptions.ClientError as error:
        return error.response["Error"]["Message"]


def deploys():
    """estimator.deploy(), predict(), predict_stream(), update_endpoint(), delete_model(), delete_endpoint()."""
    predictor = estimator.deploy(**place, **csv)
    predictions = values(predictor.predict(features))
    streamed = b"".join(predictor.predict_stream(features[:1])).decode()
    described = session.describe_endpoint(predictor.endpoint_name)
    predictor.update_endpoint(**{**place, "initial_instance_count": 2})
    after = session.describe_endpoint(predictor.endpoint_name)
    still = values(predictor.predict(features))
    predictor.delete_model()
    return {
        "status": described["EndpointStatus"],
        "predictions": predictions,
        "streamed": float(streamed),
        "updated": after["ProductionVariants"][0]["CurrentInstanceCount"],
        "still": still,
        "gone": gone(predictor),
    }


def captures():
    """Model.deploy(data_capture_config=), disable_data_capture(), enable_data_capture()."""
    model = estimator.create_model(name="captured")
    wish = DataCaptureConfig(
        enable_capture=True,
        sampling_percentage=100,
        destination_s3_uri=f"s3://{session.default_bucket()}/seen",
        csv_content_types=["text/csv"],
    )
    model.deploy(**place, endpoint_name="captured", data_capture_config=wish, wait=False)
    session.sagemaker_client.get_waiter("endpoint_in_service").wait(EndpointName="captured")
    predictor = Predictor("captured", session, **csv)
    predictor.predict(features[:1], inference_id="first")

    def status():
        return session.describe_endpoint("captured")["DataCaptureConfig"]

    found = [status()]
    predictor.disable_data_capture()
    found.append(status())
    predictor.predict(features[:1], inference_id="unseen")
    predictor.enable_data_capture()
    found.append(status())
    for _ in range(60):  # of which it captures a fifth, by default
        predictor.predict(features[:1], inference_id="last")
    return {"status": found, "gone": gone(predictor)}


def serves_in_series():
    """PipelineModel.deploy() of a user's code and the model; XGBoostModel uploads the code."""
    common = {"model_data": estimator.model_data, "role": estimator.role, "sagemaker_session": session}
    prepare = XGBoostModel(
        entry_point="inference.py",
        source_dir=str(Path(__file__).parent / "prepare_source"),
        framework_version="1.7-1",
        **common,
    )
    model = estimator.create_model()
    pipeline = PipelineModel([prepare, model], estimator.role, name="series", sagemaker_session=session)
    pipeline.deploy(**place, endpoint_name="series", wait=False)
    session.sagemaker_client.get_waiter("endpoint_in_service").wait(EndpointName="series")
    predictor = Predictor("series", session, **csv)
    predictions = values(predictor.predict(rows))
    predictor.delete_model()
    return {"predictions": predictions, "gone": gone(predictor)}


def serves_from_zero():
    """estimator.deploy(serverless_inference_config=)."""
    wish = ServerlessInferenceConfig(memory_size_in_mb=2048, max_concurrency=2)
    predictor = estimator.deploy(serverless_inference_config=wish, endpoint_name="from-zero", **csv)
    (variant,) = session.describe_endpoint("from-zero")["ProductionVariants"]
    predictions = values(predictor.predict(features))
    return {"config": variant["CurrentServerlessConfig"], "predictions": predictions, "gone": gone(predictor)}


flows = (deploys, captures, serves_in_series, serves_from_zero)
with ThreadPoolExecutor(len(flows)) as users:
    found = {flow.__name__: users.submit(flow) for flow in flows}
print()  # behind the dots of progress
print(json.dumps({"version": sagemaker.__version__, **{name: done.result() for name, done in found.items()}}))
