"""The PCA algorithm: `training` and `model`."""
