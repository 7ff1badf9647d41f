"""What a user of the SDK's version 2 does to score a file: `salvia exec -- python v2_transform.py JOB CSV`. Prints one
line of JSON."""

import json

from sagemaker.inputs import BatchDataCaptureConfig
from sagemaker.s3 import S3Downloader
from v2_trained import data, estimator, session

scores = session.upload_data(str(data), key_prefix="sdk2/score")
transformer = estimator.transformer(
    1, "ml.m5.large", strategy="MultiRecord", assemble_with="Line", accept="text/csv", env={"MINE": "1"}
)
transformer.transform(
    scores,
    content_type="text/csv",
    split_type="Line",
    input_filter="$[1:]",
    join_source="Input",
    output_filter="$[0,-1]",
    batch_data_capture_config=BatchDataCaptureConfig(
        f"s3://{session.default_bucket()}/scored", kms_key_id="", generate_inference_id=True
    ),
    logs=True,
)
scored = S3Downloader.read_file(f"{transformer.output_path}/diabetes.csv.out", session)
(captured,) = S3Downloader.list(f"s3://{session.default_bucket()}/scored/output", session)
print(json.dumps({"scored": scored, "captured": S3Downloader.read_file(captured, session)}))
