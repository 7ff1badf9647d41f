"""What a user of the SDK's version 2 does with processing jobs, unmodified: `python v2_processing.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker.processing import FrameworkProcessor, ProcessingInput, ProcessingOutput, ScriptProcessor
from sagemaker.session_settings import SessionSettings
from sagemaker.sklearn import SKLearn
from sagemaker.sklearn.processing import SKLearnProcessor

SOURCE = Path(__file__).parent / "processing_source"
COUNT = "import os; print('files', len(os.listdir('/opt/ml/processing/input/table')))"

# Without it, code is uploaded with encryption by KMS, which Salvia refuses.
session = sagemaker.Session(settings=SessionSettings(encrypt_repacked_artifacts=False))
common = {
    "role": "arn:aws:iam::123456789012:role/SageMakerExecutionRole",
    "instance_type": "ml.m5.large",
    "sagemaker_session": session,
}
table = ProcessingInput(source=sys.argv[1], destination="/opt/ml/processing/input/table")
outputs = [ProcessingOutput(output_name=name, source=f"/opt/ml/processing/{name}") for name in ("train", "test")]

framework = FrameworkProcessor(SKLearn, "1.2-1", instance_count=1, base_job_name="split", **common)
framework.run(
    code="split.py",
    source_dir=str(SOURCE),
    inputs=[table],
    outputs=outputs,
    arguments=["--seed", "1"],
)
described = framework.latest_job.describe()
parts = {
    one["OutputName"]: sagemaker.s3.S3Downloader.read_file(
        f"{one['S3Output']['S3Uri']}/rows.csv", sagemaker_session=session
    )
    for one in described["ProcessingOutputConfig"]["Outputs"]
}

script = Path("count_files.py")
script.write_text(COUNT)
sklearn = SKLearnProcessor("1.2-1", instance_count=1, base_job_name="count", **common)
sklearn.run(code=str(script), inputs=[table], logs=True)
own = ScriptProcessor(
    image_uri=sklearn.image_uri, command=["python3", "-u"], instance_count=2, base_job_name="own", **common
)
own.run(code=str(script), inputs=[table], wait=False)
own.latest_job.wait(logs=False)

print()  # behind the dots of progress
print(
    json.dumps(
        {
            "rows": {name: len(text.splitlines()) for name, text in parts.items()},
            "statuses": [one.latest_job.describe()["ProcessingJobStatus"] for one in (framework, sklearn, own)],
        }
    )
)
