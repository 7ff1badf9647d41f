"""The Linear Learner algorithm.

training    epochs of mini-batches, for several models at once
settings    what the hyperparameters mean together
losses      … the losses
scaling     features and labels brought to one scale, and back
optimizers  adam, sgd, rmsprop
selection   the best model and its threshold
quality     the metrics
model       what is served
"""
