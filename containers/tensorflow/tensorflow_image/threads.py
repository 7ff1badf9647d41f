"""TensorFlow would have a thread for each core of the machine; it is to use the instance's."""

from __future__ import annotations

import os

from salvia_toolkit.cores import usable_cores


def limit() -> None:
    """Before TensorFlow is imported, here or in a program that this one starts."""
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(usable_cores()))
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(usable_cores()))
