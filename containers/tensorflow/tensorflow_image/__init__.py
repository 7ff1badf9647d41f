"""The TensorFlow image: scripts, by the toolkit, on one host or mirrored on several; SavedModels, as TensorFlow Serving
answers for them."""
