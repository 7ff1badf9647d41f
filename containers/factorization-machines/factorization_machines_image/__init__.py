"""The Factorization Machines algorithm: `training`, `parameters` and their steps, and `model`."""
