"""What the tabular algorithms share, LightGBM to AutoGluon: CSV with categories and gaps in; classes or numbers out.

training    `train`: the job, from its hyperparameters to its artefact; Algorithm and Job
layout      which files of which channel hold what
table       those files as columns: numbers, categories, text
problem     what is to be predicted: one of two classes, one of several, or a number
artefact    model.json, beside the library's own file
serving     `serve`: rows in, probabilities or numbers out
"""
