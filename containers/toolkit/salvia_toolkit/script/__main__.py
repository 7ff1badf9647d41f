"""`train` of a framework's image: the script that the job brings."""

import sys

from ..config import base_directory
from .run import run

sys.exit(run(base_directory()))
