"""How often each word, and each two of them, stand in a review; a logistic regression of that."""

import argparse
import os
from pathlib import Path

import joblib
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def model_fn(model_dir):
    return joblib.load(Path(model_dir, "model.joblib"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--words", type=int, default=1)
    arguments = parser.parse_args()
    reviews = pd.read_json(Path(os.environ["SM_CHANNEL_TRAIN"], "reviews.jsonl"), lines=True)
    features = TfidfVectorizer(ngram_range=(1, arguments.words), min_df=3, sublinear_tf=True)
    model = make_pipeline(features, LogisticRegression(C=10)).fit(reviews.text, reviews.label)
    joblib.dump(model, Path(os.environ["SM_MODEL_DIR"], "model.joblib"))
