"""A user's script for AWS's PyTorch container: DDP over the job's instances, on the data of SM_CHANNEL_TRAIN."""

import argparse
import os
from pathlib import Path

import pandas
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def network():
    return nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))


def model_fn(model_dir):
    model = network()
    model.load_state_dict(torch.load(Path(model_dir, "model.pth"), weights_only=True))
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--backend", default="gloo")
    arguments = parser.parse_args()
    if arguments.backend == "smddp":
        import smdistributed.dataparallel.torch.torch_smddp  # noqa: F401
    dist.init_process_group(arguments.backend)
    rank, size = dist.get_rank(), dist.get_world_size()
    file = next(Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())
    rows = torch.tensor(pandas.read_csv(file, header=None).to_numpy(), dtype=torch.float32)
    own = rows[rank::size]
    torch.manual_seed(rank)  # DDP has to give everybody the first one's weights
    model = DistributedDataParallel(network())
    optimizer, loss_of = torch.optim.Adam(model.parameters(), 0.05), nn.MSELoss()
    for _ in range(arguments.epochs):
        loss = loss_of(model(own[:, 1:]), own[:, :1] / 100)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weights = torch.cat([each.detach().flatten() for each in model.parameters()])
    print(f"rank {rank} of {size} on {os.environ['SM_CURRENT_HOST']}: weights {weights.sum():.4f}, loss {loss:.4f}")
    if rank == 0:
        torch.save(model.module.state_dict(), Path(os.environ["SM_MODEL_DIR"], "model.pth"))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
