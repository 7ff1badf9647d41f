"""A user's script for AWS's Hugging Face container: a tokenizer and a tiny classifier, made and trained here."""

import argparse
import csv
import os
from pathlib import Path

from datasets import Dataset
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


def tokenizer_of(texts):
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=500, special_tokens=list(SPECIAL.values())))
    ends = [(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    names = ["input_ids", "attention_mask"]  # DistilBERT has no more
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=32, model_input_names=names, **SPECIAL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=float, default=1)
    arguments = parser.parse_args()
    set_seed(1)
    file = next(Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())
    with file.open() as opened:
        rows = list(csv.DictReader(opened))
    tokenizer = tokenizer_of(row["text"] for row in rows)
    names = ("negative", "positive")
    config = DistilBertConfig(
        vocab_size=len(tokenizer), dim=32, hidden_dim=64, n_layers=1, n_heads=2, max_position_embeddings=32,
        id2label=dict(enumerate(names)), label2id={name: number for number, name in enumerate(names)},
    )  # fmt: skip
    data = Dataset.from_list([{"text": row["text"], "label": names.index(row["label"])} for row in rows])
    data = data.map(lambda row: tokenizer(row["text"], truncation=True), remove_columns="text")
    trainer = Trainer(
        DistilBertForSequenceClassification(config),
        TrainingArguments(
            "/tmp/checkpoints", num_train_epochs=arguments.epochs, learning_rate=0.005, report_to=[], logging_steps=10,
            save_strategy="no", per_device_train_batch_size=16, use_cpu=True,
        ),
        train_dataset=data,
        processing_class=tokenizer,
    )  # fmt: skip
    trainer.train()
    found = trainer.state
    size, host = trainer.args.world_size, os.environ["SM_CURRENT_HOST"]
    print(f"{host}, rank {trainer.args.process_index} of {size}: {found.global_step} steps, loss {last(found):.4f}")
    if trainer.is_world_process_zero():
        trainer.save_model(os.environ["SM_MODEL_DIR"])


def last(state):
    return next(each["loss"] for each in reversed(state.log_history) if "loss" in each)


if __name__ == "__main__":
    main()
