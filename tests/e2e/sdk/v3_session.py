"""How a user of the SDK's version 3 begins: `salvia exec -- python v3_session.py CSV`. Prints one line of JSON."""

import json
import sys
from importlib.metadata import version

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session

session = Session()
print(
    json.dumps(
        {
            "version": version("sagemaker"),
            "bucket": session.default_bucket(),
            "data": session.upload_data(sys.argv[1], key_prefix="sdk3/train"),
            "image": image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1"),
        }
    )
)
