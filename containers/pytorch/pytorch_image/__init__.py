"""The PyTorch image: scripts, by the toolkit, on one host or by torchrun on all of them."""
