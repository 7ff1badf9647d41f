"""The LDA algorithm: `training`, the variational `inference` of mixtures, and `model`."""
