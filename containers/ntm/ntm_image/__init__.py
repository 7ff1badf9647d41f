"""The Neural Topic Model algorithm: `training` of the `network`, and `model`, its encoder by numpy."""
