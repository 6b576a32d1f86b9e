"""What ONNX says about a node of its own: a form that the operator does not have is an error here, not a guess."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import checker, defs

from fastcnn.errors import FastcnnError
from fastcnn.onnx.paths import NodeError

OLDEST = 7  # before it, operators said by attributes which axes they broadcast


def opset_of(model: Any) -> int:
    """The version of ONNX's operators that a model uses.

    Raises
    ------
    FastcnnError
        If it is too old, or newer than the installed onnx.
    """
    found = [each.version for each in model.opset_import if each.domain in ("", "ai.onnx")]
    newest = defs.onnx_opset_version()
    if len(found) != 1 or not OLDEST <= found[0] <= newest:
        told = str(found[0]) if len(found) == 1 else f"{len(found)} of them"
        raise FastcnnError(f"its opset must be from {OLDEST} to {newest}, which this onnx knows, not {told}")
    return int(found[0])


def check_node(node: Any, opset: int) -> None:
    """An error unless the number of inputs and the attributes are those of the operator. Unknown ones pass."""
    if not defs.has(node.op_type):
        return
    context = checker.C.CheckerContext()
    context.ir_version, context.opset_imports = onnx.IR_VERSION, {"": opset, "ai.onnx": opset}
    nameless = onnx.NodeProto()
    nameless.CopyFrom(node)
    nameless.name = ""  # the error below shows it, without what a terminal would obey
    try:
        checker.check_node(nameless, context)
    except checker.ValidationError as error:
        told = "".join(filter(str.isprintable, str(error).strip().splitlines()[0]))[:80].rstrip(".")
        raise NodeError(node, f"onnx refuses it: {told}") from None
