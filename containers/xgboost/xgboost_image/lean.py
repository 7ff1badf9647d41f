"""XGBoost without what it only imports because it is there."""

from __future__ import annotations

import sys


def lean() -> None:
    """Let `import xgboost` find neither scikit-learn nor pandas, for which it takes three quarters of its time.

    They are in the image for scripts; the algorithm itself uses neither.
    """
    for name in ("sklearn", "pandas"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
