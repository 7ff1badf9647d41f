"""An XGBoost model behind FastAPI, as its documentation would have it: a row of CSV in, a score out."""

from __future__ import annotations

import os

import numpy as np
import uvicorn
import xgboost
from fastapi import FastAPI, Request, Response

booster = xgboost.Booster()
booster.load_model(os.environ["PEER_MODEL"])
booster.set_param({"nthread": 1})
app = FastAPI()


@app.get("/ping")
async def ping() -> Response:
    return Response()


@app.post("/invocations")
async def invocations(request: Request) -> Response:
    row = np.array([(await request.body()).split(b",")], dtype=np.float32)
    return Response(str(booster.inplace_predict(row)[0]), media_type="text/csv")


if __name__ == "__main__":
    uvicorn.run(app, uds=os.environ["SALVIA_BIND_TO_SOCKET"], log_level="warning", access_log=False)
