"""What a user of the SDK's version 3 does with processing jobs, unmodified: `python v3_processing.py CSV`.

Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.processing import FrameworkProcessor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output

session = Session()
bucket = session.default_bucket()
table = session.upload_data(sys.argv[1], key_prefix="sdk3/processing")
processor = FrameworkProcessor(
    image_uri=image_uris.retrieve("sklearn", session.boto_region_name, "1.2-1", image_scope="training"),
    role="arn:aws:iam::123456789012:role/SageMakerExecutionRole",
    instance_type="ml.m5.large",
    instance_count=1,
    base_job_name="split",
    sagemaker_session=session,
)
processor.run(
    code="split.py",
    source_dir=str(Path(__file__).parent / "processing_source"),
    inputs=[
        ProcessingInput(
            input_name="table",
            s3_input=ProcessingS3Input(
                s3_uri=table, local_path="/opt/ml/processing/input/table", s3_data_type="S3Prefix", s3_input_mode="File"
            ),
        )
    ],
    outputs=[
        ProcessingOutput(
            output_name=name,
            s3_output=ProcessingS3Output(
                s3_uri=f"s3://{bucket}/sdk3/processing/{name}",
                local_path=f"/opt/ml/processing/{name}",
                s3_upload_mode="EndOfJob",
            ),
        )
        for name in ("train", "test")
    ],
    arguments=["--seed", "1"],
    wait=True,
    logs=True,
)
described = session.sagemaker_client.describe_processing_job(ProcessingJobName=processor.latest_job.processing_job_name)
print()
print(
    json.dumps(
        {
            "status": described["ProcessingJobStatus"],
            "rows": {
                name: len(
                    session.boto_session.client("s3")
                    .get_object(Bucket=bucket, Key=f"sdk3/processing/{name}/rows.csv")["Body"]
                    .read()
                    .splitlines()
                )
                for name in ("train", "test")
            },
        }
    )
)
