"""What Salvia offers beside AWS: an API of its own, in the same protocol, under the same IAM and audit.

Its model is `protocol/data/salvia`; with that folder in AWS_DATA_PATH, boto3 and the AWS CLI know it, too.
"""
