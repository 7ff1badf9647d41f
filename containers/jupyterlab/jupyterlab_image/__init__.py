"""From an instance that has started to a JupyterLab that answers."""
