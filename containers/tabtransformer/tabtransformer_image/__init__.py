"""TabTransformer, as AWS's built-in algorithm has it, written in torch.

network     the transformer of the columns, and what judges by it
scaling     rows as its input
training    `train`
model       `serve`
"""
