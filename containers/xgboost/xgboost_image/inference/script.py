"""What XGBoost does where an inference script says nothing.

Source: the SageMaker Python SDK's "Use XGBoost with the SageMaker Python SDK", "Deploy Open Source XGBoost Models".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sagemaker_xgboost_container.encoder import decode
from salvia_toolkit.serving.defaults import Arrays


class Defaults(Arrays):
    """A Booster, a DMatrix, and a prediction in between. XGBoost is imported only if the script leaves it these."""

    def model_fn(self, directory: str) -> Any:
        """The booster that training left; AWS's container leaves this to the script."""
        from . import artefact

        boosters = artefact.load(Path(directory))
        if len(boosters) > 1:
            raise artefact.ArtefactError(
                f"The model has {len(boosters)} boosters. Choose one in the script's model_fn."
            )
        boosters[0].set_param({"nthread": 1})
        return boosters[0]

    def input_fn(self, body: bytes | str, content_type: str) -> Any:
        """The body's rows as a DMatrix."""
        return decode(body, content_type)

    def predict_fn(self, data: Any, model: Any) -> Any:
        """The model's `predict`."""
        import xgboost

        return (
            model.predict(data, validate_features=False) if isinstance(data, xgboost.DMatrix) else model.predict(data)
        )
