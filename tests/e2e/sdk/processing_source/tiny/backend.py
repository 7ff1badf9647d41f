"""A package whose build needs nothing that is not here: PEP 517, "in-tree build backends"."""

import zipfile
from pathlib import Path


def build_wheel(folder: str, config_settings: object = None, metadata_directory: object = None) -> str:
    name = "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder, name), "w") as wheel:
        wheel.writestr("tiny.py", "HALF = 0.5")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return name
