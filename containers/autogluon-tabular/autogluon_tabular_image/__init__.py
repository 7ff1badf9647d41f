"""AutoGluon-Tabular, as AWS's built-in algorithm has it."""
