"""The DeepAR algorithm.

series      time series as they come: JSON Lines, Parquet, requests
calendar    what time_freq means: steps, features of a time, lags
windows     series as what the network is fed
network     the network as it is trained, by torch
likelihoods what its last layer means
forecast    the same network as it forecasts, by numpy
training    the job
model       what answers requests
"""
