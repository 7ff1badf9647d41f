"""How will somebody rate a film? Factorization Machines on MovieLens. SDK v2.

    salvia exec python examples/recommendation.py

Hyperparameters are chosen by what they do on ratings that are neither trained on nor tested on.
"""

import io

import numpy as np
import sagemaker
from sagemaker.amazon.common import write_spmatrix_to_sparse_tensor
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.serializers import IdentitySerializer
from scipy.sparse import csr_matrix

import data

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
CANDIDATES = [
    {"epochs": 10, "factors_lr": 0.005, "factors_wd": 0.0003},
    {"epochs": 30, "factors_lr": 0.005, "factors_wd": 0.0006},
]

ratings = data.ratings().sample(frac=1, random_state=1)
users, films = ratings.user.max() + 1, ratings.item.max() + 1
train, validation, test = ratings[:80_000], ratings[80_000:90_000], ratings[90_000:]
session = sagemaker.Session()


def records(rows):
    """RecordIO, a row each: a one for its user, a one for its film; the rating is its label."""
    ones, columns = np.ones(2 * len(rows), np.float32), np.stack([rows.user, users + rows.item], axis=1).ravel()
    starts = np.arange(0, 2 * len(rows) + 1, 2)
    written = io.BytesIO()
    write_spmatrix_to_sparse_tensor(
        written,
        csr_matrix((ones, columns, starts), shape=(len(rows), users + films)),
        rows.rating.to_numpy(np.float32),
    )
    return written.getvalue()


def uploaded(rows, key):
    """Where the rows are in S3."""
    return session.upload_string_as_file_body(records(rows), session.default_bucket(), f"recommendation/{key}")


def begun(train, test, **hyperparameters):
    """A machine that is being trained on the one, and is measured on the other."""
    machine = Estimator(
        sagemaker.image_uris.retrieve("factorization-machines", session.boto_region_name),
        ROLE,
        instance_count=1,
        instance_type="ml.m5.large",
        sagemaker_session=session,
        hyperparameters={
            "feature_dim": users + films,
            "predictor_type": "regressor",
            "num_factors": 16,
            "bias_init_method": "constant",
            "bias_init_value": 3.5,
            "bias_lr": 0.001,
            "linear_lr": 0.01,
            "linear_wd": 0.0002,
            "factors_init_sigma": 0.05,
            **hyperparameters,
        },
    )
    machine.fit({"train": train, "test": test}, wait=False)
    return machine


def measured(machine):
    """The metric test:rmse of its job, when that has ended."""
    machine.latest_training_job.wait(logs=False)
    job = session.describe_training_job(machine.latest_training_job.name)
    return next(one["Value"] for one in job["FinalMetricDataList"] if one["MetricName"] == "test:rmse")


def biases(rows, strength=5):
    """The baseline: how much better than others a film is rated, and then, how much better a user rates than others."""
    mean = rows.rating.mean()
    film = (rows.rating - mean).groupby(rows.item).agg(lambda own: own.sum() / (len(own) + strength))
    left = rows.rating - mean - rows.item.map(film)
    user = left.groupby(rows.user).agg(lambda own: own.sum() / (len(own) + strength))
    return lambda unseen: mean + unseen.item.map(film).fillna(0) + unseen.user.map(user).fillna(0)


def rmse(predicted, rows):
    """The root of the mean square error."""
    return np.sqrt(((np.asarray(predicted) - rows.rating.to_numpy()) ** 2).mean())


parts = uploaded(train, "train.pbr"), uploaded(validation, "validation.pbr")
tried = [measured(machine) for machine in [begun(*parts, **candidate) for candidate in CANDIDATES]]
best = CANDIDATES[int(np.argmin(tried))]

known = ratings[:90_000]
machine = begun(uploaded(known, "known.pbr"), uploaded(test, "test.pbr"), **best)
measured(machine)
predictor = machine.deploy(
    1,
    "ml.m5.large",
    serializer=IdentitySerializer("application/x-recordio-protobuf"),
    deserializer=JSONDeserializer(),
)
answer = predictor.predict(records(test))
predictor.delete_model()
predictor.delete_endpoint()

print()
print("RMSE on the ratings to choose by:", ", ".join(f"{value:.4f}" for value in tried), "; chosen:", best)
scores = [one["score"] for one in answer["predictions"]]
print(f"RMSE of Factorization Machines on {len(test):,} ratings that it never saw: {rmse(scores, test):.4f}")
print(f"RMSE of the biases of users and films: {rmse(biases(known)(test), test):.4f}")
