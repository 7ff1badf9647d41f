"""The k-NN algorithm: `training`, `reduction` of dimensions, and `model`, which searches."""
