"""The K-Means algorithm: `training` and `model`, with `lloyd` between them."""
