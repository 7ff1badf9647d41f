"""A server that stands where JupyterLab would: it tells what it was sent."""
