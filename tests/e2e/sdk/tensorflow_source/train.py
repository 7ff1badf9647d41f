"""A user's script for AWS's TensorFlow container: Keras mirrored over the job's instances, saved for TensorFlow
Serving."""

import argparse
import os
import tempfile
from pathlib import Path

import numpy
import pandas
import tensorflow as tf


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--model_dir")
    arguments = parser.parse_args()
    strategy = (
        tf.distribute.MultiWorkerMirroredStrategy() if "TF_CONFIG" in os.environ else tf.distribute.get_strategy()
    )
    file = next(Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())
    rows = pandas.read_csv(file, header=None).to_numpy(numpy.float32)
    data = tf.data.Dataset.from_tensor_slices((rows[:, 1:], rows[:, :1] / 100)).shuffle(442, seed=1).batch(64).repeat()
    with strategy.scope():
        layers = [
            tf.keras.Input((10,)),
            tf.keras.layers.Rescaling(0.01),
            tf.keras.layers.Dense(16, "relu"),
            tf.keras.layers.Dense(1),
        ]
        model = tf.keras.Sequential(layers)
        model.compile(tf.keras.optimizers.Adam(0.01), "mse")
    history = model.fit(data, epochs=arguments.epochs, steps_per_epoch=7, verbose=0)
    weights = sum(float(numpy.sum(each)) for each in model.get_weights())
    size, host = strategy.num_replicas_in_sync, os.environ["SM_CURRENT_HOST"]
    print(
        f"{host}, one of {size}: weights {weights:.4f}, loss {history.history['loss'][-1]:.4f}, {arguments.model_dir}"
    )
    # Each saves, as all take part in reading mirrored variables; the first one's is the job's.
    place = os.environ["SM_MODEL_DIR"] if host == "algo-1" else tempfile.mkdtemp()
    model.export(Path(place, "1"))


if __name__ == "__main__":
    main()
