"""A user's handler for AWS's TensorFlow Serving container, which asks the model itself."""

import json

import requests


def handler(data, context):
    if context.request_content_type != "text/csv":
        raise ValueError(f"unsupported content type {context.request_content_type}")
    rows = [[float(value) for value in line.split(",")] for line in data.read().decode().splitlines()]
    response = requests.post(context.rest_uri, data=json.dumps({"instances": rows}), timeout=30)
    if response.status_code != 200:
        raise ValueError(response.content.decode())
    return json.dumps([100 * row[0] for row in response.json()["predictions"]]), context.accept_header
