"""The Hugging Face image: PyTorch's, with transformers, whose pipelines serve."""
