"""A team at work: what Studio's pictures show. Everything in it was really made, trained, served and paid for."""

from __future__ import annotations

import base64
import io
import itertools
import json
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import ROLE, Server, eventually

_ROOT = Path(__file__).parents[2]
_LOOP = _ROOT / "examples" / "loop"
_BUCKET = "churn-123456789012"
_SCIKIT = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
_XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
_ENDED = {"Completed", "Failed", "Stopped", "Succeeded"}
_SECONDS = 240.0
_SETTINGS = (  # of the jobs that looked for the best trees: name, eta, max_depth, subsample
    ("churn-shallow", "0.3", "3", "1"),
    ("churn-deep", "0.3", "9", "1"),
    ("churn-slow-learner", "0.05", "5", "0.8"),
    ("churn-best", "0.1", "5", "0.8"),
)
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": ["sagemaker:Describe*", "sagemaker:List*", "logs:Get*", "cloudwatch:GetMetricData"],
            "Resource": "*",
        },
        {
            "Sid": "TrainSmall",
            "Effect": "Allow",
            "Action": "sagemaker:CreateTrainingJob",
            "Resource": "*",
            "Condition": {"ForAllValues:StringLike": {"sagemaker:InstanceTypes": ["ml.m5.*"]}},
        },
    ],
}
_NOTES = """# Churn

Who will leave? 5,000 customers of a telephone company, one in seven of whom left.

- `input/customers.csv`: what they did, the label first
- `models/`: what was trained
"""


@dataclass
class Team:
    """`named` says what pages show: NAME of a kind ──▶ what it is called."""

    server: Server
    named: dict[str, str] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    customers: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.sagemaker = self.server.client("sagemaker")
        self.s3 = self.server.client("s3")

    def work(self) -> None:
        """All of it; takes minutes, images included."""
        notebook = threading.Thread(target=self._notebook)
        self._data()
        notebook.start()
        self._people()
        self._training()
        self._pipeline()
        self._registry()
        self._endpoint()
        self._batch()
        notebook.join()
        self.named["running"] = self._train("churn-overnight", num_round="200000", nthread="1", eta="0.001")
        curves = {
            "Namespace": "/aws/sagemaker/TrainingJobs",
            "Dimensions": [{"Name": "TrainingJobName", "Value": "churn-overnight"}],
        }
        self._until(lambda: self.server.client("cloudwatch").list_metrics(**curves)["Metrics"])

    def rest(self) -> None:
        """No customer asks any more."""
        self.over.set()
        if self.customers is not None:
            self.customers.join()

    # What it has.

    def _data(self) -> None:
        self.s3.create_bucket(Bucket=_BUCKET)
        with tempfile.TemporaryDirectory() as folder:
            python = _ROOT / ".venv-sdk2" / "bin" / "python"
            subprocess.run([python, _ROOT / "examples" / "loop_data.py", "make", folder], check=True)
            table = (Path(folder) / "customers.csv").read_text()
            unseen = (Path(folder) / "unseen.csv").read_text()
        rows = table.splitlines(keepends=True)[1:]
        objects = {
            "README.md": _NOTES,
            "input/customers.csv": table,
            "input/unseen.csv": unseen,
            "train/rows.csv": "".join(rows[:3000]),
            "validation/rows.csv": "".join(rows[3000:]),
        }
        for key, text in objects.items():
            self.s3.put_object(Bucket=_BUCKET, Key=key, Body=text)
        for program in ("split.py", "evaluate.py"):
            self.s3.upload_file(str(_LOOP / program), _BUCKET, f"code/{program}")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(_LOOP / "train.py", "train.py")
        self.s3.put_object(Bucket=_BUCKET, Key="code/source.tar.gz", Body=packed.getvalue())
        self._unseen = unseen
        self.named["bucket"] = _BUCKET

    def _people(self) -> None:
        iam = self.server.client("iam")
        policy = iam.create_policy(
            PolicyName="TrainSmall",
            PolicyDocument=json.dumps(_POLICY),
            Description="Look at everything, train on small instances",
        )["Policy"]["Arn"]
        iam.create_group(GroupName="data-scientists")
        iam.attach_group_policy(GroupName="data-scientists", PolicyArn=policy)
        for name in ("ana", "bruno", "chidi"):
            iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "churn"}])
            iam.add_user_to_group(UserName=name, GroupName="data-scientists")
        trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        iam.create_role(
            RoleName="ChurnPipeline",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            Description="What the nightly pipeline may do",
        )
        iam.attach_role_policy(RoleName="ChurnPipeline", PolicyArn=policy)
        self.named |= {"user": "ana", "group": "data-scientists", "role": "ChurnPipeline", "policy": policy}

    def _notebook(self) -> None:
        script = "#!/bin/bash\nset -e\npip install --quiet seaborn\n"
        self.sagemaker.create_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName="team-tools",
            OnCreate=[{"Content": base64.b64encode(script.encode()).decode()}],
        )
        self.sagemaker.create_code_repository(
            CodeRepositoryName="churn",
            GitConfig={"RepositoryUrl": "https://git.example.com/team/churn.git", "Branch": "main"},
        )
        self.sagemaker.create_notebook_instance(
            NotebookInstanceName="churn-notes", InstanceType="ml.t3.medium", RoleArn=ROLE, VolumeSizeInGB=20
        )
        self.named |= {"notebook": "churn-notes", "lifecycle": "team-tools"}
        domain = self.sagemaker.create_domain(
            DomainName="churn-team", AuthMode="IAM", DefaultUserSettings={"ExecutionRole": ROLE}
        )["DomainArn"].rpartition("/")[2]
        for name in ("ana", "bruno"):
            self.sagemaker.create_user_profile(DomainId=domain, UserProfileName=name)
            self.sagemaker.create_space(
                DomainId=domain,
                SpaceName=f"{name}s-work",
                OwnershipSettings={"OwnerUserProfileName": name},
                SpaceSharingSettings={"SharingType": "Private"},
            )
        working = {"DomainId": domain, "SpaceName": "anas-work", "AppType": "JupyterLab", "AppName": "default"}
        self.sagemaker.create_app(**working)
        self._until(lambda: self.sagemaker.describe_app(**working)["Status"] == "InService")
        self.named["domain"] = domain
        describe = self.sagemaker.describe_notebook_instance
        self._until(lambda: describe(NotebookInstanceName="churn-notes")["NotebookInstanceStatus"] == "InService")

    # What it does.

    def _train(self, name: str, **hyperparameters: str) -> str:
        def channel(folder: str) -> dict[str, Any]:
            source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{_BUCKET}/{folder}/"}
            return {"ChannelName": folder, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}

        self.sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={"TrainingImage": _XGBOOST, "TrainingInputMode": "File"},
            RoleArn=ROLE,
            HyperParameters={"objective": "binary:logistic", "eval_metric": "logloss,error", **hyperparameters},
            InputDataConfig=[channel("train"), channel("validation")],
            OutputDataConfig={"S3OutputPath": f"s3://{_BUCKET}/models"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            StoppingCondition={"MaxRuntimeInSeconds": 3600},
            Tags=[{"Key": "team", "Value": "churn"}],
        )
        return name

    def _training(self) -> None:
        names = [
            self._train(name, num_round="400", eta=eta, max_depth=depth, subsample=share)
            for name, eta, depth, share in _SETTINGS
        ]
        names.append(self._train("churn-mistaken", num_round="400", eta="3"))  # more than 1: refused by the algorithm
        describe = self.sagemaker.describe_training_job
        for name in names:
            self._until(lambda name=name: describe(TrainingJobName=name)["TrainingJobStatus"] in _ENDED)
        self.named |= {"job": "churn-best", "failed": "churn-mistaken"}

    def _pipeline(self) -> None:
        self.sagemaker.create_pipeline(
            PipelineName="churn-loop",
            PipelineDefinition=(_LOOP / "definition.json").read_text(),
            PipelineDescription="Split, train, evaluate; register what is good enough",
            RoleArn=ROLE,
        )
        given = {"Folder": f"s3://{_BUCKET}", "Image": _SCIKIT, "Role": ROLE, "Group": "churn"}
        runs = []
        for more in ({"Rounds": "20"}, {"Rounds": "200"}, {"Rounds": "200", "Enough": "0.99"}):
            parameters = [{"Name": name, "Value": value} for name, value in {**given, **more}.items()]
            started = self.sagemaker.start_pipeline_execution(PipelineName="churn-loop", PipelineParameters=parameters)
            runs.append(started["PipelineExecutionArn"])
            self._until(lambda: self._run(runs[-1]) in _ENDED)
        self.named |= {"pipeline": "churn-loop", "execution": runs[1].rpartition("/")[2]}
        jobs = self.sagemaker.list_processing_jobs()["ProcessingJobSummaries"]
        self.named["processing"] = jobs[0]["ProcessingJobName"]

    def _run(self, arn: str) -> str:
        return str(self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"])

    def _registry(self) -> None:
        versions = self.sagemaker.list_model_packages(ModelPackageGroupName="churn", SortOrder="Ascending")
        arns = [one["ModelPackageArn"] for one in versions["ModelPackageSummaryList"]]
        for name, arn in zip(("churn-before", "churn-now"), arns, strict=True):
            self._judge(arn, "Approved", "Better than the rule")
            container = {"ModelPackageName": arn}
            self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        self._judge(arns[0], "Rejected", "The next one is better")
        self.named |= {"models": "churn", "version": "2", "model": "churn-now"}

    def _judge(self, arn: str, status: str, why: str) -> None:
        self.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription=why)

    def _endpoint(self) -> None:
        variants = [
            {
                "VariantName": variant,
                "ModelName": model,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": weight,
            }
            for variant, model, weight in (("Now", "churn-now", 0.8), ("Before", "churn-before", 0.2))
        ]
        self.sagemaker.create_endpoint_config(
            EndpointConfigName="churn-two-versions",
            ProductionVariants=variants,
            DataCaptureConfig={
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": f"s3://{_BUCKET}/captured",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            },
        )
        self.sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName="churn-two-versions")
        describe = self.sagemaker.describe_endpoint
        self._until(lambda: describe(EndpointName="churn")["EndpointStatus"] == "InService")
        scaling = self.server.client("application-autoscaling")
        target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": "endpoint/churn/variant/Now",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
        measured = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        scaling.put_scaling_policy(
            **target,
            PolicyName="by-requests",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": 1000.0, "PredefinedMetricSpecification": measured},
        )
        self.named |= {"endpoint": "churn", "config": "churn-two-versions"}
        self.customers = threading.Thread(target=self._ask)
        self.customers.start()

    def _ask(self) -> None:
        runtime = self.server.client("sagemaker-runtime")
        rows = itertools.cycle(self._unseen.splitlines())
        while not self.over.wait(0.3):
            runtime.invoke_endpoint(
                EndpointName="churn", ContentType="text/csv", Accept="application/json", Body=next(rows)
            )

    def _batch(self) -> None:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{_BUCKET}/input/unseen.csv"}}
        self.sagemaker.create_transform_job(
            TransformJobName="churn-this-week",
            ModelName="churn-now",
            TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
            TransformOutput={"S3OutputPath": f"s3://{_BUCKET}/scores", "AssembleWith": "Line"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
            BatchStrategy="MultiRecord",
        )
        describe = self.sagemaker.describe_transform_job
        self._until(lambda: describe(TransformJobName="churn-this-week")["TransformJobStatus"] in _ENDED)
        self.named["transform"] = "churn-this-week"

    def _until(self, check: Callable[[], Any]) -> None:
        eventually(check, _SECONDS)
