"""An XGBoost model behind LitServe, as its documentation would have it: a row in JSON in, a score out.

What arrives within a millisecond is predicted together; one worker, as one vCPU has, and one server before it.
"""

from __future__ import annotations

import os
from typing import Any

import litserve
import numpy as np
import xgboost


class Scores(litserve.LitAPI):
    """`{"input": [number…]}` → `{"output": number}`."""

    def setup(self, device: str) -> None:
        self.booster = xgboost.Booster()
        self.booster.load_model(os.environ["PEER_MODEL"])
        self.booster.set_param({"nthread": 1})

    def decode_request(self, request):  # type: ignore[no-untyped-def]  # LitServe takes an annotation for a schema
        return np.array(request["input"], dtype=np.float32)

    def batch(self, inputs: list[Any]) -> Any:
        return np.stack(inputs)

    def predict(self, batch: Any) -> Any:
        return self.booster.inplace_predict(batch)

    def unbatch(self, output: Any) -> list[Any]:
        return list(output)

    def encode_response(self, output: Any) -> dict[str, float]:
        return {"output": float(output)}


if __name__ == "__main__":
    api = Scores(max_batch_size=32, batch_timeout=0.001, api_path="/invocations")
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, healthcheck_path="/ping")
    server.run(
        uds=os.environ["SALVIA_BIND_TO_SOCKET"], log_level="warning", access_log=False, generate_client_file=False
    )
