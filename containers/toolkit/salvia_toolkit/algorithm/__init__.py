"""What a built-in algorithm is made of. An image is an Algorithm (what it reads, and `train`) and a Model (`predict`).

training        `train`: the job from its hyperparameters to its artefact; Algorithm and Job
alone           … of one that reads its channels itself, on one instance
program         … from its start to its end: what every algorithm's has
contract        what lies below /opt/ml
hyperparameters what image.toml declares, and a job's values
channel, table  a channel as features and labels
texts           … as texts with labels
files           … its files, and where in them something is wrong
hosts           several hosts as one
connection      … their connections
classification  … that classifies: its metrics and its answers
artefact        the model's files
serving         `serve`: rows in, predictions out
failures, log   how a job says what happened
"""
