"""The command `evaluate`: a network on MNIST's test pictures, on drawings, or on data of the user's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.commands.common import data_files, own_data_files, prepare, print_result, refuse, set_precision
from fastcnn.commands.outputs import check_outputs, json_output, write_json
from fastcnn.errors import UsageError

if TYPE_CHECKING:
    from fastcnn.metrics import Evaluation
    from fastcnn.network.committee import Network


def evaluate(args: argparse.Namespace) -> None:
    """Test a network on the test pictures, on drawings, or on data of the user's own."""
    from fastcnn.zoo.bundled import DEFAULT_MODEL, find_model

    if None not in (args.positional, args.model) and args.positional != args.model:
        raise UsageError(f"MODEL {args.positional} and --model {args.model} differ; give one of them")
    args.model = next(word for word in (args.positional, args.model, DEFAULT_MODEL) if word is not None)
    name, path = find_model(args.model)
    if args.strokes is not None:
        refuse("with --strokes", data_dir=args.data_dir, data=args.data)
    else:
        refuse("without --strokes", seed=args.seed)
    if args.data is not None:
        refuse("with --data", data_dir=args.data_dir)
    else:
        refuse("without --data", skip_broken=args.skip_broken or None)
    check_outputs(json_output(args.json), [path, args.strokes, *data_files(args.data_dir), *own_data_files(args)])
    prepare(args)
    if args.data is not None:
        _evaluate_data(name, path, args)
        return
    network = _digit_network(path, args)
    if args.strokes is not None:
        _evaluate_drawings(name, network, args)
        return
    from fastcnn import metrics
    from fastcnn.data.load import load_mnist
    from fastcnn.network.calibration import calibrated_slowly

    _, (images, labels) = load_mnist(normalize=False, data_dir=args.data_dir)
    result = metrics.evaluate(calibrated_slowly(network, images), labels)
    write_json(args.json, _facts(name, result))
    print_result(name, result)


def _digit_network(path: Path, args: argparse.Namespace) -> Network:
    """The network in a file; for one that reads no digits a UsageError that says how it is tested."""
    from fastcnn.network.files import load_network
    from fastcnn.zoo.bundled import why_no_digits

    network = load_network(path)
    set_precision(network, args.precision)
    detail = why_no_digits(network)
    if detail:
        instead = "--data PATH in place of --strokes" if args.strokes is not None else "--data PATH"
        raise UsageError(f"{path} holds a network from {detail}; say with {instead} on what to test it")
    return network


def _evaluate_data(name: str, path: Path, args: argparse.Namespace) -> None:
    """On the test part, or on all pictures where there is none."""
    from fastcnn import metrics
    from fastcnn.data import load_data
    from fastcnn.network.calibration import calibrated_slowly
    from fastcnn.network.files import load_network

    network = load_network(path)
    set_precision(network, args.precision)
    if len(network.classes) < 2:
        raise UsageError(f"{path} holds a network with one output, a number and no class; use its forward from Python")
    data = load_data(args.data, shape=network.input_shape, classes=network.classes, skip_broken=args.skip_broken)
    images, labels = (data.images, data.labels) if data.test is None else data.test
    result = metrics.evaluate(calibrated_slowly(network, images), labels, len(network.classes))
    write_json(args.json, {**_facts(name, result), "data": args.data, "classes": list(network.classes)})
    part = "all of its pictures" if data.test is None else "its test part"
    print_result(f"{name}, on {args.data}, {part}", result, network.classes)


def _facts(name: str, result: Evaluation) -> dict[str, object]:
    return {
        "model": name,
        "test_accuracy": result.accuracy,
        "mean_confidence": result.mean_confidence,
        "per_digit_accuracy": list(result.per_digit_accuracy),
        "confusion": result.confusion.tolist(),
        "expected_calibration_error": result.expected_calibration_error,
    }


def _evaluate_drawings(name: str, network: Network, args: argparse.Namespace) -> None:
    from fastcnn.commands.report import print_writers
    from fastcnn.handwriting.stroke_files import read_drawings
    from fastcnn.recognition.recognizer import Recognizer
    from fastcnn.recognition.scores import score_drawings

    drawings = read_drawings(args.strokes)
    if all(drawing.pens for drawing in drawings):
        refuse("on drawings of the window, which stay where they were drawn", seed=args.seed)
    scores = score_drawings(Recognizer(network), drawings, seed=args.seed or 0)
    extra = {
        "drawings": scores.evaluation.count,
        "interval": list(scores.evaluation.interval),
        "right": scores.right,
        "refused": scores.refused,
        "surely_wrong": scores.surely_wrong,
        "unsure": scores.unsure,
        "writers": {writer: {"right": right, "count": count} for writer, (right, count) in scores.writers.items()},
    }
    write_json(args.json, {**_facts(name, scores.evaluation), **extra})
    print_result(f"{name}, on {args.strokes}", scores.evaluation)
    print_writers(scores)
