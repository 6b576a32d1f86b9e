"""What the commands do, but for `train`, which is in `train_command.py`.

Each imports what it needs when it runs: `predict` has a second for everything, so rich and the datasets stay out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.errors import UsageError
from fastcnn.outputs import check_writable, write_json

if TYPE_CHECKING:
    from fastcnn.metrics import Evaluation
    from fastcnn.recognizer import Recognition


def prepare(args: argparse.Namespace) -> None:
    """What every computing command checks before it starts: threads, --json, backend."""
    if args.json is not None:
        check_writable(Path(args.json), "--json")
    if args.threads is not None:
        from fastcnn.threads import set_threads

        try:
            set_threads(args.threads)
        except ValueError as error:
            raise UsageError(f"--{error}") from None
    from fastcnn import kernels

    if getattr(args, "backend", None) is not None:
        kernels.use(args.backend)
    kernels.backend()


def evaluate(args: argparse.Namespace) -> None:
    """Test a network on the test pictures, or on drawings."""
    prepare(args)
    if args.strokes is not None:
        _evaluate_drawings(args)
        return
    from fastcnn import metrics
    from fastcnn.calibration import calibrated
    from fastcnn.data import load_mnist
    from fastcnn.recognizer import find_model, load_classifier

    name, _ = find_model(args.model)
    network = load_classifier(args.model)
    _, (images, labels) = load_mnist(normalize=False, data_dir=args.data_dir)
    result = metrics.evaluate(calibrated(network, images), labels)
    write_json(args.json, _facts(name, result))
    print_result(name, result)


def _facts(name: str, result: Evaluation) -> dict[str, object]:
    return {
        "model": name,
        "test_accuracy": result.accuracy,
        "mean_confidence": result.mean_confidence,
        "per_digit_accuracy": list(result.per_digit_accuracy),
        "confusion": result.confusion.tolist(),
        "expected_calibration_error": result.expected_calibration_error,
    }


def _evaluate_drawings(args: argparse.Namespace) -> None:
    from fastcnn.handwriting import score_drawings
    from fastcnn.recognizer import Recognizer, find_model
    from fastcnn.report import print_writers
    from fastcnn.strokes import read_drawings

    name, _ = find_model(args.model)
    scores = score_drawings(Recognizer(args.model), read_drawings(args.strokes), seed=args.seed or 0)
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


def experiment(args: argparse.Namespace) -> None:
    """Repeat an experiment of the paper and write its figures."""
    prepare(args)
    from fastcnn import experiment as paper
    from fastcnn.recognizer import Recognizer

    if args.mode == "mnist" and args.strokes is not None:
        raise UsageError("--mode mnist takes no --strokes FILE")
    recognizer, seed = Recognizer(args.model), args.seed or 0
    if args.mode == "mnist":
        from fastcnn.data import load_mnist

        _, (images, labels) = load_mnist(normalize=False, data_dir=args.data_dir)
        done = paper.run_mnist(recognizer, images[:, 0], labels.tolist(), args.groups, args.size, seed)
    else:
        from fastcnn.collected import drawings_folder, read_collection
        from fastcnn.strokes import read_drawings

        drawings = read_drawings(args.strokes) if args.strokes else read_collection(drawings_folder())
        done = paper.run_handwriting(recognizer, drawings, args.groups, args.size, seed)
    files = paper.write(done, Path(args.out))
    write_json(args.json, done.describe())
    total = done.by_group()[-1]
    low, high = total.interval or (0.0, 1.0)
    print(f"accuracy {total.accuracy:.2%} ({total.right} of {total.count}; 95 % interval {low:.2%} to {high:.2%})")
    print(f"mean confidence {total.mean_confidence:.2%}: the paper's recognition rate, right or wrong")
    if total.refused:
        print(f"taken for no digit: {total.refused}, which count as wrong")
    print("\n".join(map(str, files)))


def print_result(title: str, result: Evaluation) -> None:
    """What a network scored, under a title."""
    from fastcnn.report import print_evaluation

    print(title)
    print_evaluation(result)


def predict(args: argparse.Namespace) -> None:
    """Recognize the digit in each picture file, or with --string the digits of each."""
    prepare(args)
    from fastcnn.pictures import open_picture
    from fastcnn.recognizer import Recognizer

    recognizer = Recognizer(args.model)
    pictures = map(open_picture, args.images)
    if args.string:
        strings = [recognizer.recognize_string(picture) for picture in pictures]
        rows = [
            {"image": image, "string": _string(digits), "digits": [_digit(digit) for digit in digits]}
            for image, digits in zip(args.images, strings, strict=True)
        ]
        lines = [_string(digits) or "no digit" for digits in strings]
    else:
        results = recognizer.recognize_many(pictures)
        rows = [{"image": image, **_digit(result)} for image, result in zip(args.images, results, strict=True)]
        lines = [_answer(result) for result in results]
    write_json(args.json, rows)
    for image, line in zip(args.images, lines, strict=True):
        print(f"{image}  {line}")


def _digit(result: Recognition) -> dict[str, object]:
    return {
        "digit": result.digit,
        "confidence": result.confidence,
        "probabilities": [float(share) for share in result.probabilities],
    }


def _string(digits: Sequence[Recognition]) -> str:
    return "".join("?" if result.digit is None else str(result.digit) for result in digits)


def _answer(result: Recognition) -> str:
    if result.digit is None:
        nearest = f"  nearest: {result.probabilities.argmax()}" if result.input.any() else ""
        return f"no digit{nearest}"
    doubt = f"  unsure: {result.digit} or {result.alternative}" if result.unsure else ""
    return f"{result.digit}  {result.confidence:.2%}{doubt}"


def data(args: argparse.Namespace) -> None:
    """List the datasets, or fetch one."""
    from fastcnn.download import datasets, fetch
    from fastcnn.sources import find_dataset

    if args.action == "fetch":
        try:
            find_dataset(args.name)
        except ValueError as error:
            raise UsageError(str(error)) from None
        print(fetch(args.name, progress=True))
        return
    rows = [("name", "train", "test", "download", "state", "title")]
    rows += [
        (row.name, f"{row.train:,}", f"{row.test:,}", f"{row.download_mb:.1f} MB", row.state, row.title)
        for row in datasets()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def gui(args: argparse.Namespace) -> None:
    """Show the window, and come back when it is closed."""
    from importlib import import_module

    if args.threads is not None:
        from fastcnn.threads import set_threads

        try:
            set_threads(args.threads)
        except ValueError as error:
            raise UsageError(f"--{error}") from None
    # By name: the engine must be complete without the window, and imports point from the window to it.
    import_module("fastcnn.gui.launch").run(args.model)


def bench(args: argparse.Namespace) -> None:
    """Measure; see `fastcnn.bench`."""
    from fastcnn.bench.command import bench as measure

    measure(args)


def info(args: argparse.Namespace) -> None:
    """Say what a bug report needs."""
    from fastcnn.info import collect, render

    if args.json is not None:
        check_writable(Path(args.json), "--json")
    facts = collect()
    write_json(args.json, facts)
    print(render(facts))
