"""A user's script: a tokenizer and a small classifier of texts, made and trained by transformers, no hub at hand."""

import csv
import os
import tempfile
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    set_seed,
)

SPECIAL = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "pad", "cls", "sep", "mask")}


def rows_of(folder):
    rows = [row for path in sorted(Path(folder).iterdir()) for row in csv.reader(path.open(newline=""))]
    return [text for _, text in rows], [int(label) for label, _ in rows]


def tokenizer_of(texts):
    made = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    special = list(SPECIAL.values())
    made.train_from_iterator(
        texts, trainers.WordLevelTrainer(vocab_size=8_000, min_frequency=3, special_tokens=special)
    )
    ends = [(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    names = ["input_ids", "attention_mask"]  # DistilBERT has no more
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=512, model_input_names=names, **SPECIAL)


def train(texts, labels, seed=0):
    """The Trainer, when it is done."""
    set_seed(seed)
    torch.set_num_threads(1)
    tokenizer = tokenizer_of(texts)
    config = DistilBertConfig(
        vocab_size=len(tokenizer),
        dim=32,
        hidden_dim=64,
        n_layers=1,
        n_heads=2,
        dropout=0.3,
        id2label={0: "0", 1: "1"},
        label2id={"0": 0, "1": 1},
    )
    hosts = int(os.environ.get("WORLD_SIZE", "1"))
    trainer = Trainer(
        DistilBertForSequenceClassification(config),
        TrainingArguments(
            tempfile.mkdtemp(),
            num_train_epochs=4,
            learning_rate=0.003,
            weight_decay=0.01,
            seed=seed,
            report_to=[],
            save_strategy="no",
            per_device_train_batch_size=64 // hosts,
            disable_tqdm=True,
            use_cpu=True,
            ddp_find_unused_parameters=False,
        ),
        train_dataset=[
            {**tokenizer(text, truncation=True), "label": label} for text, label in zip(texts, labels, strict=True)
        ],
        processing_class=tokenizer,
    )
    trainer.train()
    return trainer


def directly(folder, seed):
    """The labels of the unseen texts, without a pipeline."""
    trainer = train(*rows_of(folder / "train"), seed)
    with (folder / "unseen").open(newline="") as file:
        texts = [row["inputs"] for row in csv.DictReader(file)]
    found = trainer.predict([trainer.processing_class(text, truncation=True) for text in texts])
    return [str(label) for label in np.argmax(found.predictions, axis=1)]


if __name__ == "__main__":
    trainer = train(*rows_of(os.environ["SM_CHANNEL_TRAIN"]))
    if trainer.is_world_process_zero():
        trainer.save_model(os.environ["SM_MODEL_DIR"])
