"""OpenVINO, to be timed in a worker. It only infers.

By itself it would take bfloat16 where it can. Here it takes what it is told, and it is asked which that was.
"""

from __future__ import annotations

import numpy as np
import openvino

from fastcnn.arrays import Array
from fastcnn.bench.harness.timing import rival
from fastcnn.bench.harness.worker import Entry
from fastcnn.bench.rivals.onnx_model import model
from fastcnn.errors import FastcnnError
from fastcnn.network.sequential import Sequential


def version() -> str:
    return str(openvino.__version__)


def inference(
    *, network: Sequential, images: Array, threads: int, compiled: bool, bfloat16: bool = False
) -> dict[str, Entry]:
    """Logits of a batch. FastcnnError if it has another precision on this CPU."""
    core, precision = openvino.Core(), "bf16" if bfloat16 else "f32"
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
    }
    read = core.read_model(model(network))
    read.reshape(images.shape)
    ready = core.compile_model(read, "CPU", settings)
    used = ready.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    if used != precision:
        raise FastcnnError(f"it computes in {used} on this CPU, not in {precision}")
    request = ready.create_infer_request()

    def call() -> Array:
        logits: Array = request.infer([images], share_inputs=True, share_outputs=True)[0]
        return logits

    return {"": Entry(rival("", call, threads, lambda n: None).turn, lambda: [np.array(call())])}
