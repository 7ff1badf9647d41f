"""What a user of the SDK's version 3 does with a model, unmodified: `salvia exec -- python v3_hosting.py JOB CSV`.

Prints one line of JSON. Two users work at once: the SDK looks at an endpoint only every thirty seconds.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import Endpoint, EndpointConfig, Model, TrainingJob
from sagemaker.core.session_settings import SessionSettings
from sagemaker.core.training.configs import Compute, SourceCode
from sagemaker.serve import ModelBuilder

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

# Without it, code is uploaded with encryption by KMS, which Salvia refuses.
session = Session(settings=SessionSettings(encrypt_repacked_artifacts=False))
job = TrainingJob.get(sys.argv[1])
rows = Path(sys.argv[2]).read_text().splitlines()[:50]


def built(name, **more):
    """A builder whose model, the job's, is built."""
    builder = ModelBuilder(
        image_uri=job.algorithm_specification.training_image,
        role_arn=ROLE,
        sagemaker_session=session,
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        s3_model_data_url=job.model_artifacts.s3_model_artifacts,
        **more,
    )
    model = builder.build(model_name=name, tags=[{"Key": "team", "Value": "blue"}])
    assert isinstance(model, Model), model
    return builder


def invoked(endpoint, lines):
    """The numbers that an endpoint answers."""
    answer = endpoint.invoke(body="\n".join(lines), content_type="text/csv", accept="text/csv")
    return [float(value) for value in answer.body.read().decode().replace("\n", ",").split(",") if value]


def of_a_job():
    """The model as it is: build(), deploy(), invoke(), list, delete."""
    builder = built("of-a-job")
    endpoint = builder.deploy(endpoint_name="of-a-job", wait=True)
    found = {"predictions": invoked(endpoint, [row.partition(",")[2] for row in rows])}
    found["tags"] = session.sagemaker_client.list_tags(ResourceArn=endpoint.endpoint_arn)["Tags"]
    found["listed"] = [one.endpoint_name for one in Endpoint.get_all(name_contains="of-a-job")]
    config = EndpointConfig.get(endpoint.endpoint_config_name)
    found["variant"] = config.production_variants[0].variant_name
    endpoint.delete()
    endpoint.wait_for_delete(poll=1, timeout=120)
    config.delete()
    builder.built_model.delete()
    return found


def with_own_code():
    """With inference code, which the SDK puts into the archive."""
    source = SourceCode(source_dir=str(Path(__file__).parent / "serve_source"), entry_script="inference.py")
    builder = built("with-own-code", source_code=source)
    endpoint = builder.deploy(endpoint_name="with-own-code", wait=False)
    endpoint.wait_for_status("InService", poll=1, timeout=120)
    return {"predictions": invoked(endpoint, rows)}


with ThreadPoolExecutor(2) as users:
    found = {flow.__name__: users.submit(flow) for flow in (of_a_job, with_own_code)}
print()
print(json.dumps({"version": version("sagemaker"), **{name: done.result() for name, done in found.items()}}))
