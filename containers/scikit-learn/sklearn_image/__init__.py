"""The scikit-learn image: scripts, by the toolkit."""
