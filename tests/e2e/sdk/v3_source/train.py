"""A user's own training script."""

import os
from pathlib import Path

import numpy as np
import xgboost

data = np.loadtxt(next(Path(os.environ["SM_CHANNEL_TRAIN"]).glob("*.csv")), delimiter=",")
rounds = int(os.environ["SM_HP_NUM_ROUND"])
model = xgboost.train({"objective": "reg:squarederror"}, xgboost.DMatrix(data[:, 1:], data[:, 0]), rounds)
model.save_model(Path(os.environ["SM_MODEL_DIR"]) / "own-model.json")
print(f"own script: {rounds} rounds", flush=True)
