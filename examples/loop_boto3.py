"""Who will leave? The whole loop by boto3 alone: the pipeline is loop/definition.json; then approve, deploy, clean up.

salvia exec python examples/loop_boto3.py
"""

import io
import json
import tarfile
import time
from pathlib import Path

import boto3
import numpy as np

import loop_data

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
SOURCE = Path(__file__).parent / "loop"
NAME = "churn-loop-boto3"
BUCKET = f"{NAME}-123456789012"

s3, sagemaker, runtime = (boto3.client(service) for service in ("s3", "sagemaker", "sagemaker-runtime"))


known, unseen = loop_data.customers()

s3.create_bucket(Bucket=BUCKET)
s3.put_object(Bucket=BUCKET, Key="input/customers.csv", Body=known.to_csv(index=False))
for program in ("split.py", "evaluate.py"):
    s3.upload_file(str(SOURCE / program), BUCKET, f"code/{program}")
packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w:gz") as archive:
    archive.add(SOURCE / "train.py", "train.py")
s3.put_object(Bucket=BUCKET, Key="code/source.tar.gz", Body=packed.getvalue())

sagemaker.create_pipeline(PipelineName=NAME, PipelineDefinition=(SOURCE / "definition.json").read_text(), RoleArn=ROLE)
parameters = {"Folder": f"s3://{BUCKET}", "Image": IMAGE, "Role": ROLE, "Group": NAME, "Rounds": "200"}
execution = sagemaker.start_pipeline_execution(
    PipelineName=NAME, PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()]
)["PipelineExecutionArn"]
while True:
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
    if found["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
        break
    time.sleep(1)
steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
for step in reversed(steps):
    print(f"{step['StepName']}: {step['StepStatus']} {step.get('FailureReason', '')}")
package = next(step["Metadata"]["RegisterModel"]["Arn"] for step in steps if step["StepName"] == "Register")

sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
sagemaker.create_model(ModelName=NAME, ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": package})
variant = {
    "VariantName": "AllTraffic",
    "ModelName": NAME,
    "InstanceType": "ml.m5.large",
    "InitialInstanceCount": 1,
}
sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant])
sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=NAME, WaiterConfig={"Delay": 2})
rows = unseen.iloc[:, 1:].to_csv(index=False, header=False)
answer = runtime.invoke_endpoint(EndpointName=NAME, ContentType="text/csv", Accept="application/json", Body=rows)
scores = np.array(json.loads(answer["Body"].read()))

sagemaker.delete_endpoint(EndpointName=NAME)
sagemaker.delete_endpoint_config(EndpointConfigName=NAME)
sagemaker.delete_model(ModelName=NAME)
sagemaker.delete_model_package(ModelPackageName=package)
sagemaker.delete_model_package_group(ModelPackageGroupName=NAME)
sagemaker.delete_pipeline(PipelineName=NAME)
bucket = boto3.resource("s3").Bucket(BUCKET)
bucket.objects.delete()
bucket.delete()

loop_data.judge(scores, unseen)
