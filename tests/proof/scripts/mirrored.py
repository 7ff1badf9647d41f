"""A user's script: a small network by Keras, mirrored over the job's instances, saved for TensorFlow Serving."""

import os
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf


def train(rows, labels, seed=0):
    tf.keras.utils.set_random_seed(seed)
    shared = "TF_CONFIG" in os.environ
    strategy = tf.distribute.MultiWorkerMirroredStrategy() if shared else tf.distribute.get_strategy()
    data = tf.data.Dataset.from_tensor_slices((rows.astype(np.float32), labels.astype(np.float32)))
    data = data.shuffle(len(rows), seed=seed).batch(64, drop_remainder=True).repeat()
    with strategy.scope():
        layers = tf.keras.layers
        scaled = layers.Normalization(mean=rows.mean(axis=0), variance=rows.var(axis=0))
        model = tf.keras.Sequential(
            [
                tf.keras.Input((rows.shape[1],)),
                scaled,
                layers.Dense(64, "relu"),
                layers.Dense(32, "relu"),
                layers.Dense(1, "sigmoid"),
            ]
        )
        model.compile(tf.keras.optimizers.AdamW(0.003, weight_decay=0.05), "binary_crossentropy")
    model.fit(data, epochs=20, steps_per_epoch=len(rows) // 64, verbose=0)
    return model


def predict_fn(rows, model):
    return model.predict(rows.astype(np.float32), verbose=0)[:, 0]


if __name__ == "__main__":
    parts = [np.loadtxt(path, delimiter=",") for path in sorted(Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())]
    known = np.concatenate(parts)
    made = train(known[:, 1:], known[:, 0])
    # Each saves, as all take part in reading mirrored variables; the first one's is the job's.
    first = os.environ["SM_CURRENT_HOST"] == "algo-1"
    made.export(Path(os.environ["SM_MODEL_DIR"] if first else tempfile.mkdtemp(), "1"))
