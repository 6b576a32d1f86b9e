"""`bench networks`: train the networks of the package again from seeds 0 to 4, and measure them.

`fastcnn train --recipe bundled` trains each on one thread. Weights and results stay in the folder --weights, so several
trainings can run at once or on different days. The table shows the median of their times. The committee consists of the
five default networks. With --strokes the networks also read the drawings of a file, at random sizes and places and with
random pens.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import numpy as np

from fastcnn import load_mnist, load_network, metrics
from fastcnn.bench.accuracy.seeds import SEEDS, T_95
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import median_s
from fastcnn.bench.report import network_tables
from fastcnn.commands.outputs import Output, check_outputs
from fastcnn.errors import FastcnnError
from fastcnn.handwriting.drawings import Drawing, Pose, draw
from fastcnn.handwriting.stroke_files import read_drawings
from fastcnn.kernels.threads import set_threads
from fastcnn.network.calibration import calibrated
from fastcnn.network.committee import Committee
from fastcnn.network.sequential import Sequential
from fastcnn.ours import NETWORK
from fastcnn.recognition.recognizer import Recognizer
from fastcnn.recognition.scores import Scores, score_drawings
from fastcnn.zoo.bundled import WEIGHTS
from fastcnn.zoo.networks import BUNDLED, COMMITTEE, COMMITTEE_OF, NAMED
from fastcnn.zoo.recipes import BUNDLED_RECIPES

TURN_DEG = 15.0
CALLS = 200


def _trained(model: str, seed: int, folder: Path, settings: Settings) -> tuple[Path, dict[str, Any]]:
    """The weights and the results of one training. It runs now unless the folder has them."""
    from fastcnn.__main__ import main
    from fastcnn.commands.train import checkpoints_of

    out, results = folder / f"{model}-{seed}.safetensors", folder / f"{model}-{seed}.json"
    if not (out.is_file() and results.is_file()):
        settings.say(f"training {model}, seed {seed}, to {out}")
        more = ["--epochs", "1"] if settings.quick else []
        (checkpoint,) = checkpoints_of(out, 1)
        more += ["--resume", f"{checkpoint}"] if checkpoint.is_file() else []  # it was interrupted
        options = ["--seed", f"{seed}", "--out", f"{out}", "--json", f"{results}", "--threads", "1", "--overwrite"]
        if main(["train", "--model", model, "--recipe", "bundled", *options, *more]):
            raise FastcnnError(f"the training of {model}, seed {seed}, failed")
    return out, json.loads(results.read_text())


def _committee(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The committee of the default networks of all seeds; the weights are those that `fastcnn train` writes."""
    seeds = range(NAMED[COMMITTEE].members)
    members = [load_network(folder / f"{COMMITTEE_OF}-{seed}.safetensors") for seed in seeds]
    results = [json.loads((folder / f"{COMMITTEE_OF}-{seed}.json").read_text()) for seed in seeds]
    out = folder / f"{COMMITTEE}-0.safetensors"
    Committee([member for member in members if isinstance(member, Sequential)], name=COMMITTEE).save(out)
    each_s = median(each["train_seconds"] for each in results)
    return out, {"epochs": results[0]["epochs"], "train_seconds": len(seeds) * each_s}


def _drawings(scores: Scores) -> dict[str, Any]:
    evaluation = scores.evaluation
    shares = [share for share in evaluation.per_digit_accuracy if share is not None]
    writer, (right, count) = next(iter(scores.writers.items()))
    return {
        "count": evaluation.count,
        "right": int(evaluation.confusion.trace()),
        "worst_digit": evaluation.per_digit_accuracy.index(min(shares)),
        "worst_digit_accuracy": min(shares),
        "worst_writer": writer,
        "worst_writer_accuracy": right / count,
        "calibration_error": evaluation.expected_calibration_error,
        "surely_wrong": scores.surely_wrong,
    }


def measure(model: str, runs: Sequence[tuple[Path, dict[str, Any]]], drawings: Sequence[Drawing]) -> dict[str, Any]:
    """The results of one network of the package, over its trainings."""
    _, (images, labels) = load_mnist(normalize=False)
    tested = [metrics.evaluate(calibrated(load_network(out), images), labels) for out, _ in runs]
    accuracies = [each.accuracy for each in tested]
    first = Recognizer(runs[0][0])
    one, canvas = images[:1], draw(((np.array([[0.0, 0.0], [1.0, 2.0]])),), Pose(0.6, 18, 0.5, 0.5))
    # `bench refusal` measures refusals. Here every drawing gets an answer.
    readers = [Recognizer(out, refuse=False) for out, _ in runs] if drawings else []
    read = [score_drawings(reader, drawings) for reader in readers]
    turned = score_drawings(readers[0], drawings, turn_deg=TURN_DEG) if drawings else None
    bundled = metrics.evaluate(calibrated(load_network(WEIGHTS / f"{model}.safetensors"), images), labels)
    return {
        "model": model,
        "parameters": first.network.parameter_count,
        "file_bytes": runs[0][0].stat().st_size,
        "bundled_accuracy": bundled.accuracy,
        "bundled_interval": list(bundled.interval),
        "epochs": runs[0][1]["epochs"],
        "train_s": median(results["train_seconds"] for _, results in runs),
        "picture_s": median_s(lambda: calibrated(first.network, one), CALLS),
        "recognize_s": median_s(lambda: first.recognize(canvas), CALLS),
        "test_accuracies": accuracies,
        "test_count": len(labels),
        "mean_test_accuracy": mean(accuracies),
        "sd_test_accuracy": stdev(accuracies) if len(runs) > 1 else None,
        "half_width_95": T_95 * stdev(accuracies) / sqrt(SEEDS) if len(runs) == SEEDS else None,
        "drawings": [_drawings(scores) for scores in read],
        "drawings_interval": list(read[0].evaluation.interval) if read else None,
        "turned": None if turned is None else _drawings(turned),
    }


def run(settings: Settings) -> dict[str, Any]:
    if settings.weights is None:
        raise FastcnnError("bench networks needs --weights DIR, the folder that keeps what is trained")
    folder = Path(settings.weights)
    check_outputs([Output("--weights", folder / f"{COMMITTEE}-0.safetensors", NETWORK, makes_folder=True)])
    folder.mkdir(parents=True, exist_ok=True)
    drawings = read_drawings(settings.strokes) if settings.strokes else []
    set_threads(1)
    rows = []
    for model in sorted(BUNDLED, key=lambda name: name == COMMITTEE):
        if model in BUNDLED_RECIPES:
            runs = [_trained(model, seed, folder, settings) for seed in range(SEEDS)]
        else:
            runs = [_committee(folder)]
        rows.append(measure(model, runs, drawings))
        settings.say(f"{model}: test accuracy {rows[-1]['mean_test_accuracy']:.3%}")
    return {"rows": rows, "turn_deg": TURN_DEG}


tabulate = network_tables.networks
