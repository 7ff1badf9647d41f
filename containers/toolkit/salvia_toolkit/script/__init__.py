"""Script mode: a job that brings its own program, run as AWS's training toolkit runs it.

Sources: the README and ENVIRONMENT_VARIABLES.md of AWS's SageMaker Training Toolkit, which its own images use;
SageMaker developer guide, "Use XGBoost as a framework".
"""

from .run import run
from .told import wanted

__all__ = ["run", "wanted"]
