"""A user's script: a small network by PyTorch, on one instance or, by torchrun, on several."""

import os
from pathlib import Path

import numpy as np
import torch
from torch import nn


class Network(nn.Module):
    """Scales what comes as the data that it was made of."""

    def __init__(self, mean, deviation):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.layers = nn.Sequential(nn.Linear(len(mean), 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, rows):
        return self.layers((rows - self.mean) / self.deviation)[:, 0]


def train(rows, labels, seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rows, labels = torch.tensor(rows, dtype=torch.float32), torch.tensor(labels, dtype=torch.float32)
    module = model = Network(rows.mean(0), rows.std(0))
    hosts, rank = 1, 0
    if torch.distributed.is_initialized():
        hosts, rank = torch.distributed.get_world_size(), torch.distributed.get_rank()
        model = nn.parallel.DistributedDataParallel(module)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.003, weight_decay=0.05)
    for epoch in range(30):
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(1000 * seed + epoch))
        for batch in order[rank::hosts].split(64 // hosts):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(model(rows[batch]), labels[batch]).backward()
            optimizer.step()
    return module


def model_fn(directory):
    found = torch.load(Path(directory, "model.pt"))
    module = Network(found["mean"], found["deviation"])
    module.load_state_dict(found)
    return module


def predict_fn(rows, model):
    with torch.no_grad():
        return torch.sigmoid(model(torch.as_tensor(np.asarray(rows), dtype=torch.float32)))


if __name__ == "__main__":
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        torch.distributed.init_process_group("gloo")
    parts = [np.loadtxt(path, delimiter=",") for path in sorted(Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())]
    known = np.concatenate(parts)
    made = train(known[:, 1:], known[:, 0])
    if os.environ.get("RANK", "0") == "0":
        torch.save(made.state_dict(), Path(os.environ["SM_MODEL_DIR"], "model.pt"))
