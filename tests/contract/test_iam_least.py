"""`salvia why-denied` and `salvia policy-from`, and the operations behind them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Jobs, Server, eventually
from tests.contract.test_iam import TRUST, allow, deny, keys_of, policy

TRAINS = "import os; print(open('/opt/ml/input/data/train/rows.csv').read()); open('/opt/ml/model/m', 'w').write('m')"


@pytest.fixture
def stranger(salvia: Server) -> Iterator[tuple[str, Any]]:
    """A user who may read one folder only, and its client of S3."""
    iam = salvia.client("iam")
    iam.create_user(UserName="stranger")
    statements = [allow("s3:GetObject", "arn:aws:s3:::private/theirs/*"), deny("s3:DeleteObject")]
    iam.put_user_policy(UserName="stranger", PolicyName="Reads", PolicyDocument=policy(*statements))
    keys = keys_of(iam, "stranger")
    yield "stranger", salvia.client("s3", keys)
    iam.delete_user_policy(UserName="stranger", PolicyName="Reads")
    iam.delete_access_key(UserName="stranger", AccessKeyId=keys[0])
    iam.delete_user(UserName="stranger")


def denied(act: Any, **arguments: Any) -> str:
    """The request id of a call that must be denied."""
    with pytest.raises(ClientError) as error:
        act(**arguments)
    assert error.value.response["Error"]["Code"].startswith("AccessDenied")
    return str(error.value.response["ResponseMetadata"]["RequestId"])


def explained(salvia: Server, request_id: str) -> str:
    """What `salvia why-denied` prints, once the denial is written down."""

    def ask() -> str:
        done = salvia.salvia("why-denied", request_id, check=False)
        return done.stdout if done.returncode == 0 else ""

    return str(eventually(ask, 10, f"why {request_id} was denied"))


def test_a_denial_is_explained_by_the_statement_that_nearly_allowed(salvia: Server, stranger: Any) -> None:
    request_id = denied(stranger[1].get_object, Bucket="private", Key="mine/doc")
    text = explained(salvia, request_id)
    assert "is not authorized to perform: s3:GetObject" in text
    assert "identity-based policy inline policy Reads, Statement[0]" in text
    assert "would allow it, but Resource is arn:aws:s3:::private/theirs/*, not arn:aws:s3:::private/mine/doc" in text
    assert "1 other statement speaks of other actions." in text


def test_a_denial_is_explained_by_the_statement_that_denied(salvia: Server, stranger: Any) -> None:
    request_id = denied(stranger[1].delete_object, Bucket="private", Key="theirs/doc")
    text = explained(salvia, request_id)
    assert "identity-based policy inline policy Reads, Statement[1]\n    denies it" in text


def test_a_role_that_trusts_others_is_explained_too(salvia: Server) -> None:
    iam = salvia.client("iam")
    arn = iam.create_role(RoleName="distrustful", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    request_id = denied(salvia.client("sts").assume_role, RoleArn=arn, RoleSessionName="session")
    text = explained(salvia, request_id)
    assert "is not authorized to perform: sts:AssumeRole" in text
    assert "would allow it, but Principal is Service sagemaker.amazonaws.com" in text
    iam.delete_role(RoleName="distrustful")


def test_why_denied_knows_denials_only(salvia: Server) -> None:
    done = salvia.salvia("why-denied", "no-such-request", check=False)
    assert done.returncode == 1
    assert "No denial of request no-such-request is known." in done.stderr


def test_the_operations_are_under_iam_themselves(salvia: Server, stranger: Any) -> None:
    keys = keys_of(salvia.client("iam"), "stranger")
    client = salvia.client("salvia", keys)
    denied(client.generate_policy, Source="SageMakerExecutionRole")
    denied(client.explain_denial, RequestId="x")
    salvia.client("iam").delete_access_key(UserName="stranger", AccessKeyId=keys[0])


def test_nothing_is_made_of_nothing(salvia: Server) -> None:
    client = salvia.client("salvia")
    salvia.client("iam").create_role(RoleName="idle", AssumeRolePolicyDocument=TRUST)
    for source, sentence in (
        ("idle", "has done nothing in the last 90 days"),
        ("never-was", "There is no role, user or job never-was here."),
    ):
        with pytest.raises(ClientError, match=sentence):
            client.generate_policy(Source=source)
    salvia.client("iam").delete_role(RoleName="idle")


class Trainer:
    """Jobs of one role, which read a channel and leave a model, a log and a metric."""

    def __init__(self, jobs: Jobs, role: str) -> None:
        self.jobs = jobs
        self.iam = jobs.server.client("iam")
        self.role = role
        self.arn = self.iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]

    def permit(self, text: str) -> None:
        self.iam.put_role_policy(RoleName=self.role, PolicyName="All", PolicyDocument=text)

    def run(self) -> dict[str, Any]:
        with contextlib.suppress(ClientError):
            self.jobs.server.client("logs").delete_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.jobs.bucket}/train/"}
        return self.jobs.run(
            f"{TRAINS}; print('loss=0.5;')",
            RoleArn=self.arn,
            InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            AlgorithmSpecification={
                "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/probe:latest",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+);"}],
            },
        )

    def whole(self) -> str:
        """What is missing of a run: its end, its model, its log or its metric; empty for one that has everything."""
        done = self.run()
        name = done["TrainingJobName"]
        if done["TrainingJobStatus"] != "Completed":
            return f"the job: {done.get('FailureReason')}"
        try:
            lines = self.jobs.lines(name)
        except ClientError:
            return "its log group"
        if not any("loss=" in line for line in lines):
            return "its log"
        if not done.get("FinalMetricDataList"):
            return "its metrics"
        found = self.jobs.server.client("cloudwatch").list_metrics(
            Namespace="/aws/sagemaker/TrainingJobs", Dimensions=[{"Name": "TrainingJobName", "Value": name}]
        )
        return "" if found["Metrics"] else "its metrics in CloudWatch"

    def gone(self) -> None:
        self.iam.delete_role_policy(RoleName=self.role, PolicyName="All")
        self.iam.delete_role(RoleName=self.role)


def test_the_policy_from_a_job_is_all_that_the_next_one_needs_and_no_more(make_server: Callable[..., Server]) -> None:
    """A job under an administrator's policy, the same under what it used, and without each statement of that; each is
    the first on its server, as it were: there is no log group yet.
    """
    jobs = Jobs(make_server())
    jobs.s3.put_object(Bucket=jobs.bucket, Key="train/rows.csv", Body=b"1,2")
    wide, narrow = Trainer(jobs, "least-wide"), Trainer(jobs, "least-narrow")
    wide.permit(policy(allow("*")))
    done = wide.run()
    name = done["TrainingJobName"]
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")

    document = json.loads(jobs.server.salvia("policy-from", name).stdout)
    text = json.dumps(document)
    assert '"*"' not in [json.dumps(one["Action"]) for one in document["Statement"]]
    assert f"arn:aws:s3:::{jobs.bucket}/train/rows.csv" in text and name not in text

    narrow.permit(text)
    assert narrow.whole() == ""
    for index in range(len(document["Statement"])):
        rest = [one for n, one in enumerate(document["Statement"]) if n != index]
        narrow.permit(json.dumps({**document, "Statement": rest}))
        assert narrow.whole(), f"not needed: {document['Statement'][index]}"

    of_role = json.loads(jobs.server.salvia("policy-from", "least-wide").stdout)
    assert of_role == document
    wide.gone()
    narrow.gone()
