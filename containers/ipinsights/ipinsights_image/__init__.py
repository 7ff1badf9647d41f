"""The IP Insights algorithm: `logins` as they come, `training` of vectors, and `model`."""
