"""Data of a channel for a script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from salvia_toolkit.algorithm.contract import REPLICATED, Channel
from salvia_toolkit.cores import usable_cores
from xgboost_image import training
from xgboost_image.data import channel


def get_dmatrix(data_path: str | None, content_type: str, csv_weights: int = 0, is_pipe: bool = False) -> Any:
    """The rows below a path as an xgboost.DMatrix; None when there are none.

    `content_type` is a channel's, or its short name (`csv`, `libsvm`, `parquet`, `recordio-protobuf`).
    """
    if not data_path or not Path(data_path).exists():
        return None
    if is_pipe:
        raise ValueError(f"{data_path}: get_dmatrix does not read pipes here. Use File or FastFile mode.")
    path = Path(data_path)
    table = channel.load(Channel(path.name, path, content_type, REPLICATED, "File"), bool(csv_weights))
    return None if table is None else training.matrix(table, table.columns, usable_cores())
