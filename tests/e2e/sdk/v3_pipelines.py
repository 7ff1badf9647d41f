"""What a user of the SDK's version 3 does with pipelines, unmodified: `python v3_pipelines.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
from sagemaker.core.workflow.conditions import ConditionGreaterThan
from sagemaker.core.workflow.parameters import ParameterFloat
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
WORK = "/opt/ml/processing"

session = PipelineSession()
bucket = session.default_bucket()
image = image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1")
table = session.upload_data(sys.argv[1], key_prefix="sdk3/pipelines")
processor = ScriptProcessor(
    image_uri=image,
    command=["python3"],
    role=ROLE,
    instance_type="ml.m5.large",
    instance_count=1,
    sagemaker_session=session,
)
given = ProcessingS3Input(s3_uri=table, local_path=f"{WORK}/input/table", s3_data_type="S3Prefix", s3_input_mode="File")
split = ProcessingStep(
    "Split",
    step_args=processor.run(
        code=str(Path(__file__).parent / "pipeline_source" / "split.py"),
        inputs=[ProcessingInput(input_name="table", s3_input=given)],
        outputs=[
            ProcessingOutput(
                output_name=name,
                s3_output=ProcessingS3Output(
                    s3_uri=f"s3://{bucket}/sdk3/pipelines/{name}",
                    local_path=f"{WORK}/{name}",
                    s3_upload_mode="EndOfJob",
                ),
            )
            for name in ("train", "test")
        ],
    ),
)
trainer = ModelTrainer(
    training_image=image,
    role=ROLE,
    sagemaker_session=session,
    compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1),
    hyperparameters={"num_round": 5, "objective": "reg:squarederror"},
)
rows = split.properties.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri
channel = InputData(channel_name="train", data_source=rows, content_type="text/csv")
train = TrainingStep("Train", step_args=trainer.train(input_data_config=[channel]))
most = ParameterFloat("Most", default_value=100.0)
rmse = train.properties.FinalMetricDataList["train:rmse"].Value
check = ConditionStep(
    "Check",
    conditions=[ConditionGreaterThan(left=rmse, right=most)],
    if_steps=[FailStep("TooBad", error_message="The error is too large.")],
    else_steps=[],
)
pipeline = Pipeline(name="diabetes3", parameters=[most], steps=[split, train, check], sagemaker_session=session)
pipeline.upsert(role_arn=ROLE)
execution = pipeline.start()
execution.wait(delay=1, max_attempts=200)
print()
print(
    json.dumps(
        {
            "status": execution.describe()["PipelineExecutionStatus"],
            "steps": {step["StepName"]: step["StepStatus"] for step in execution.list_steps()},
        }
    )
)
