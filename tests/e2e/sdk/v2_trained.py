"""What every script with a trained model begins with: `python SCRIPT JOB CSV`."""

import sys
from pathlib import Path

import sagemaker
from sagemaker.estimator import Estimator

session = sagemaker.Session()
estimator = Estimator.attach(sys.argv[1], sagemaker_session=session)
data = Path(sys.argv[2])
rows = [line.split(",") for line in data.read_text().splitlines()[:50]]
