"""ONNX's own tests of the operators that become layers. `python -m tests.fastcnn.onnx.node_tests` prints them all.

A test has one node, its inputs and its outputs. Here the first input is the pictures and the others are in the file.
Where the output has more than two axes, a Flatten is added, because a network ends with features.
"""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from fastcnn.errors import FastcnnError
from fastcnn.network.losses import softmax
from fastcnn.onnx import load

MODULES = (
    *(
        "add",
        "averagepool",
        "batch_normalization",
        "clip",
        "concat",
        "conv",
        "div",
        "dropout",
        "flatten",
        "gelu",
        "gemm",
    ),
    *("globalaveragepool", "identity", "leakyrelu", "logsoftmax", "matmul", "max", "maxpool", "mul", "pad"),
    *("prelu", "reducemean", "relu", "reshape", "softmax", "squeeze", "sub", "sum", "swish", "transpose", "unsqueeze"),
)
CLOSE = 1e-5


def node_tests() -> dict[str, Any]:
    """All tests of these operators by name, without those that have other operators in the operator's place."""
    for name in MODULES:
        import_module(f"onnx.backend.test.case.node.{name}")
    from onnx.backend.test.case.node import _NodeTestCases

    kinds = {"".join(module.split("_")) for module in MODULES}
    return {
        case.name: case
        for case in _NodeTestCases
        if "_expanded" not in case.name and case.model.graph.node[0].op_type.lower() in kinds
    }


def network_and_arrays(case: Any) -> tuple[Any, Any, Any]:
    """The network that the test's node becomes, its pictures, and the answers (N, features).

    FastcnnError where no layer does it; ValueError where the test is no function of one batch of floats.
    """
    inputs, outputs = case.data_sets[0]
    if len(outputs) != 1 or not all(isinstance(each, np.ndarray | np.generic) for each in (*inputs, *outputs)):
        raise ValueError("more than one output")
    x, expected = np.asarray(inputs[0]), np.asarray(outputs[0])
    if x.dtype not in (np.float32, np.float64):
        raise ValueError("not float32 or float64")
    if x.ndim < 2 or expected.shape[:1] != x.shape[:1]:
        raise ValueError("no batch of pictures or features goes in and comes out")
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    graph = model.graph
    names = [each.name for each in graph.input]
    for name, array in list(zip(names, inputs, strict=True))[1:]:
        graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    del graph.input[1:]
    if expected.ndim > 2:
        graph.node.append(helper.make_node("Flatten", [graph.output[0].name], ["features"], name="added"))
        graph.output[0].CopyFrom(helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, None))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        path.write_bytes(model.SerializeToString())
        network = load(path)
    return network, x.reshape(len(x), *network.input_shape), expected.reshape(len(x), -1)


def reason(case: Any) -> str:
    """Why a test is left out; "" where it passes."""
    try:
        network, x, expected = network_and_arrays(case)
    except (FastcnnError, ValueError) as error:
        return str(error).removeprefix("net.onnx cannot become a network: ")
    answers = _ended(case.model.graph.node[0].op_type, network.forward(x))
    return "" if answers.shape == expected.shape and close(case, answers, expected) else "WRONG"


def close(case: Any, answers: Any, expected: Any) -> bool:
    """Whether the answers are within the test's own tolerance: some expect numbers of four digits."""
    return bool(np.allclose(answers, expected, rtol=case.rtol, atol=CLOSE))


def _ended(op: str, answers: Any) -> Any:
    """What a Softmax or LogSoftmax at the end, which is left out, makes of the logits."""
    if op == "Softmax":
        return softmax(answers)
    return np.log(softmax(answers.astype(np.float64))) if op == "LogSoftmax" else answers


def main() -> None:
    """Print each test and what became of it."""
    found = {name: reason(case) for name, case in sorted(node_tests().items())}
    for name, why in found.items():
        print(f"{name:<60} {why or 'passes'}")
    print(f"{list(found.values()).count('')} of {len(found)} pass")


if __name__ == "__main__":
    main()
