"""Image names, and the environments that are built for them."""
