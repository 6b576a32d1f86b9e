"""ONNX Runtime, to be timed in a worker. It only infers."""

from __future__ import annotations

import onnxruntime

from fastcnn.arrays import Array
from fastcnn.bench.harness.timing import rival
from fastcnn.bench.harness.worker import Entry
from fastcnn.bench.rivals.onnx_model import ANY, IMAGES, model
from fastcnn.network.sequential import Sequential


def version() -> str:
    return str(onnxruntime.__version__)


def inference(*, network: Sequential, images: Array, threads: int, compiled: bool) -> dict[str, Entry]:
    """Logits of a batch."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_free_dimension_override_by_name(ANY, len(images))
    session = onnxruntime.InferenceSession(model(network), options, providers=["CPUExecutionProvider"])
    given = {IMAGES: images}

    def call() -> list[Array]:
        return list(session.run(None, given))

    return {"": Entry(rival("", call, threads, lambda n: None).turn, call)}
