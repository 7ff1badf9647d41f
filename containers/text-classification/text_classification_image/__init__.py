"""The Text Classification algorithm: `training`, and `model`, which answers. Both make features of texts by `words`."""
