"""How many will be employed next year? DeepAR on the United States' industries. SDK v2.

    salvia exec python examples/forecasting.py

The last year of each series is what is foretold; training sees nothing of it.
"""

import json

import numpy as np
import sagemaker
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.serializers import JSONSerializer

import data

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
YEAR = 12
QUANTILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]

table = data.employment()["1990":]
table = table.loc[:, table.notna().all()]  # the series that have all of it
known, future = table[:-YEAR], table[-YEAR:].to_numpy().T
session = sagemaker.Session()


def series(rows):
    """As DeepAR takes them: when each begins, and its values."""
    return [{"start": str(rows.index[0]), "target": rows[name].tolist()} for name in rows]


lines = "".join(json.dumps(one) + "\n" for one in series(known))
train = session.upload_string_as_file_body(lines, session.default_bucket(), "forecasting/train/series.json")
estimator = Estimator(
    sagemaker.image_uris.retrieve("forecasting-deepar", session.boto_region_name),
    ROLE,
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
    hyperparameters={
        "time_freq": "M",
        "context_length": 2 * YEAR,
        "prediction_length": YEAR,
        "epochs": 20,
        "likelihood": "student-T",
        "mini_batch_size": 64,
    },
)
estimator.fit({"train": train}, logs=False)
predictor = estimator.deploy(1, "ml.m5.large", serializer=JSONSerializer(), deserializer=JSONDeserializer())
wish = {"num_samples": 100, "output_types": ["quantiles"], "quantiles": [str(level) for level in QUANTILES]}
answer = predictor.predict({"instances": series(known), "configuration": wish})
predictor.delete_model()
predictor.delete_endpoint()


def loss(forecast):
    """wQL: the weighted quantile loss, mean of all quantiles; a forecast is quantiles × series × months."""
    levels = np.array(QUANTILES)[:, None, None]
    missed = future - forecast
    return float((2 * np.maximum(levels * missed, (levels - 1) * missed)).sum(axis=(1, 2)).mean() / future.sum())


def error(forecast):
    """MASE: the mean error of the median, where 1 is how far each series' months are from those of the year before."""
    past = known.to_numpy().T
    usual = np.abs(past[:, YEAR:] - past[:, :-YEAR]).mean(axis=1)
    return float((np.abs(future - forecast).mean(axis=1) / usual).mean())


quantiles = np.array([[one["quantiles"][str(level)] for one in answer["predictions"]] for level in QUANTILES])
naive = known[-YEAR:].to_numpy().T  # what was a year before
# Its quantiles, if an industry goes on to change in a year as it did.
steps = known.diff(YEAR)[YEAR:].quantile(QUANTILES).to_numpy()
print()
print(f"MASE of DeepAR: {error(quantiles[QUANTILES.index(0.5)]):.3f}; of the year before: {error(naive):.3f}")
print(f"wQL of the year before, with what each industry's years have changed by: {loss(naive + steps[:, :, None]):.4f}")
print(f"wQL of DeepAR on the next {YEAR} months of {len(future)} series: {loss(quantiles):.4f}")
print(f"wQL of the year before (seasonal-naive): {loss(np.broadcast_to(naive, quantiles.shape)):.4f}")
