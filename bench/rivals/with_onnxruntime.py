"""ONNX Runtime, to be timed in a worker. It only infers."""

from __future__ import annotations

import onnxruntime

from fastcnn.arrays import Array
from fastcnn.bench.harness.timing import rival
from fastcnn.bench.harness.worker import Entry
from fastcnn.bench.rivals.onnx_model import PICTURES, model
from fastcnn.bench.rivals.operations import Operation, State


def version() -> str:
    return str(onnxruntime.__version__)


def inference(
    *, operations: list[Operation], state: State, images: Array, threads: int, compiled: bool
) -> dict[str, Entry]:
    """Logits of a batch."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(
        model(operations, state, images), options, providers=["CPUExecutionProvider"]
    )
    given = {PICTURES: images}

    def call() -> list[Array]:
        return list(session.run(None, given))

    return {"": Entry(rival("", call, threads, lambda n: None).turn, call)}
