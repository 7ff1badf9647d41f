"""Run by the image's Python with the image's program: several jobs, one after another, in one process.

Its arguments are the jobs' directories; each job's log goes to `log` in its directory, its exit code to `code`. A job's
own process, which most tests start, costs a quarter of a second; this is for the many that are refused at once.
"""

import contextlib
import os
import sys
from pathlib import Path

from xgboost_image import train

for base in map(Path, sys.argv[1:]):
    os.environ["SAGEMAKER_BASE_DIR"] = str(base)
    with (base / "log").open("w") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        (base / "code").write_text(str(train.main()))
