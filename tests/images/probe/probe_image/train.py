"""Run the code that the job brings."""

import base64
import json
import os
from pathlib import Path

base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
exec(base64.b64decode(json.loads((base / "input/config/hyperparameters.json").read_text())["code"]))
