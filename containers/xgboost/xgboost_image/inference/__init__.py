"""Predictions, as AWS's XGBoost container gives them.

    artefact    a folder → boosters
    payload     a request's body → rows
    model       rows → predictions
    answer      predictions → a response's body
    selection   … with the content that SAGEMAKER_INFERENCE_OUTPUT selects
    handler     all of it, for several requests at once

Sources: SageMaker developer guide, "XGBoost algorithm" and "Common Data Formats for Inference"; the README of AWS's
XGBoost container.
"""
