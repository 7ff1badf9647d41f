"""Score a trained model on unseen rows, beside XGBoost trained directly with the same parameters.

Runs in the image's own Python: `score.py FOLDER`, where FOLDER has train/*.csv, unseen.csv and model/xgboost-model.
"""

import json
import sys
from pathlib import Path

import numpy
import xgboost


def read(paths: list[Path]) -> xgboost.DMatrix:
    rows = numpy.concatenate([numpy.loadtxt(path, delimiter=",", ndmin=2) for path in paths])
    return xgboost.DMatrix(rows[:, 1:], rows[:, 0])


def rmse(model: xgboost.Booster, data: xgboost.DMatrix) -> float:
    return float(numpy.sqrt(numpy.mean((model.predict(data) - data.get_label()) ** 2)))


def main(folder: Path) -> None:
    train, unseen = read(sorted((folder / "train").glob("*.csv"))), read([folder / "unseen.csv"])
    trained = xgboost.Booster(model_file=bytearray((folder / "model" / "xgboost-model").read_bytes()))
    rounds = trained.num_boosted_rounds()
    direct = xgboost.train({"objective": "reg:squarederror"}, train, rounds)
    label = train.get_label().mean()
    baseline = float(numpy.sqrt(numpy.mean((label - unseen.get_label()) ** 2)))
    scores = {
        "salvia": rmse(trained, unseen),
        "direct": rmse(direct, unseen),
        "baseline": baseline,
        "rounds": rounds,
    }
    if "--json" in sys.argv:
        print(json.dumps(scores))
        return
    print(f"  RMSE {scores['salvia']:8.3f}   the model that two instances trained together ({rounds} rounds)")
    print(f"  RMSE {scores['direct']:8.3f}   xgboost.train() on the same rows, directly")
    print(f"  RMSE {scores['baseline']:8.3f}   always guessing the mean")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
