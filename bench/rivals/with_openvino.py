"""OpenVINO, to be timed in a worker. It only infers, here in float32: by itself it would take bfloat16 where it can."""

from __future__ import annotations

import numpy as np
import openvino

from fastcnn.arrays import Array
from fastcnn.bench.harness.timing import rival
from fastcnn.bench.harness.worker import Entry
from fastcnn.bench.rivals.onnx_model import model
from fastcnn.network.sequential import Sequential


def version() -> str:
    return str(openvino.__version__)


def inference(*, network: Sequential, images: Array, threads: int, compiled: bool) -> dict[str, Entry]:
    """Logits of a batch."""
    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    read = core.read_model(model(network))
    read.reshape(images.shape)
    request = core.compile_model(read, "CPU", settings).create_infer_request()

    def call() -> Array:
        logits: Array = request.infer([images], share_inputs=True, share_outputs=True)[0]
        return logits

    return {"": Entry(rival("", call, threads, lambda n: None).turn, lambda: [np.array(call())])}
