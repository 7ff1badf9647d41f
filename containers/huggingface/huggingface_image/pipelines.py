"""What Hugging Face's image does where an inference script says nothing: a pipeline of transformers.

Source: the README of Hugging Face's inference toolkit; Hugging Face's "Deploy models to Amazon SageMaker".
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

from salvia_toolkit import formats
from salvia_toolkit.serving.message import Refused

# What a model is for, by the end of its architecture's name, where HF_TASK does not say it.
_TASKS = {
    "TapasForQuestionAnswering": "table-question-answering",
    "ForQuestionAnswering": "question-answering",
    "ForTokenClassification": "token-classification",
    "ForSequenceClassification": "text-classification",
    "ForMaskedLM": "fill-mask",
    "ForCausalLM": "text-generation",
    "LMHeadModel": "text-generation",
    "ForConditionalGeneration": "text2text-generation",
    "MTModel": "text2text-generation",
    "EncoderDecoderModel": "text2text-generation",
}
_WRITTEN = (formats.JSON, formats.JSON_LINES)


class Pipelines:
    """A pipeline, its inputs, and a call in between."""

    def model_fn(self, directory: str) -> Any:
        """The pipeline for HF_TASK, or for what the model's architecture is made for."""
        from transformers import pipeline

        trusted = os.environ.get("HF_TRUST_REMOTE_CODE", "").lower() in ("1", "true")
        return pipeline(_task(Path(directory)), model=directory, device="cpu", trust_remote_code=trusted)

    def input_fn(self, body: bytes | str, content_type: str) -> Any:
        """`{"inputs": …, "parameters": …}`, or the inputs alone; of CSV, a column `inputs`, or the columns by name."""
        kind = formats.known(content_type)
        if kind == formats.JSON:
            try:
                return json.loads(body)
            except ValueError as problem:
                raise Refused(400, f"The body is not JSON: {problem}.") from problem
        if kind == formats.CSV:
            assert isinstance(body, str)
            records = list(csv.DictReader(body.splitlines()))
            if not records or not {"inputs", "question"} & records[0].keys():
                raise Refused(400, "The body must be CSV with a header: inputs, or question and context.")
            return {"inputs": [record.get("inputs", record) for record in records]}
        raise Refused(415, f"Content type {content_type!r} is not read here. Use {formats.JSON} or {formats.CSV}.")

    def predict_fn(self, data: Any, model: Any) -> Any:
        """The pipeline's call."""
        if not isinstance(data, dict) or "inputs" not in data:
            return model(data)
        return model(data["inputs"], **data.get("parameters") or {})

    def output_fn(self, prediction: Any, accept: str) -> Any:
        """What the pipeline says, as JSON."""
        chosen = formats.accepted(accept, formats.JSON, _WRITTEN)
        if chosen is None:
            raise Refused(406, f"Accept {accept!r} is not written here. Use one of {', '.join(_WRITTEN)}.")
        if chosen == formats.JSON_LINES and not isinstance(prediction, list):
            prediction = [prediction]
        return formats.ENCODERS[chosen](prediction), chosen


def _task(directory: Path) -> str:
    if task := os.environ.get("HF_TASK"):
        return task
    config = directory / "config.json"
    if not config.is_file():
        held = ", ".join(sorted(path.name for path in directory.iterdir())[:10]) or "nothing"
        raise FileNotFoundError(
            f"The model has no config.json, as save_pretrained writes it; it has {held}. HF_MODEL_ID names one of the "
            "hub; any other model needs a script with model_fn."
        )
    for architecture in json.loads(config.read_text()).get("architectures") or ():
        for end, task in _TASKS.items():
            if architecture.endswith(end):
                return task
    raise ValueError("config.json does not tell what the model is for: set HF_TASK, such as text-classification.")
