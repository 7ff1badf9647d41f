"""What every script with a trained model begins with: `python SCRIPT JOB CSV`."""

import sys
from pathlib import Path

import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.session_settings import SessionSettings

# Without it, code is uploaded with encryption by KMS, which Salvia refuses.
session = sagemaker.Session(settings=SessionSettings(encrypt_repacked_artifacts=False))
estimator = Estimator.attach(sys.argv[1], sagemaker_session=session)
data = Path(sys.argv[2])
rows = [line.split(",") for line in data.read_text().splitlines()[:50]]
