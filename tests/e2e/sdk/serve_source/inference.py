"""A user's own inference code: rows come with their label first, which the model must not see."""

import io

import numpy as np
import xgboost


def model_fn(model_dir):
    return xgboost.Booster(model_file=f"{model_dir}/xgboost-model")


def input_fn(data, content_type):
    return xgboost.DMatrix(np.loadtxt(io.StringIO(data), delimiter=",", ndmin=2)[:, 1:])


def output_fn(prediction, accept):
    return "".join(f"{value}\n" for value in prediction), "text/csv"
