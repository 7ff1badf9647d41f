"""The Random Cut Forest algorithm: `training` grows trees, `model` scores rows by them."""
