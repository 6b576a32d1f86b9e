"""The command `export`: a network as an ONNX file."""

from __future__ import annotations

import argparse
from pathlib import Path

from fastcnn.commands.outputs import Output, check_outputs
from fastcnn.errors import UsageError
from fastcnn.ours import ONNX
from fastcnn.zoo.bundled import find_model

SUFFIX = ".onnx"


def export(args: argparse.Namespace) -> None:
    """Write a network to the file."""
    _, path = find_model(args.model)
    out = Path(args.out)
    if out.suffix.lower() != SUFFIX:
        raise UsageError(f"FILE {out} must end in {SUFFIX}; other formats are not written")
    check_outputs([Output("FILE", out, ONNX)], [path])
    from fastcnn import onnx
    from fastcnn.network.files import load_network

    network = load_network(path)
    onnx.save(network, out, softmax=args.softmax, calibrated=args.calibrated)
    print(f"wrote {out}: images (N, {', '.join(map(str, network.input_shape))}) to {network.output_shape[0]} classes")
