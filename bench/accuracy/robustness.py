"""`bench robustness`: accuracy and calibration of all bundled networks as drawings and pictures change.

The networks read pen drawings of a stroke file (`--strokes`), synthetic pen digits that no training used, and MNIST's
test pictures. `conditions` says how these are changed. The baseline is the pipeline of the paper: the paper's network,
trained here on MNIST alone, reads the canvas scaled to 28 x 28 without centring. All networks read the same canvases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastcnn.arrays import Array
from fastcnn.bench.accuracy.conditions import ANYWHERE, MIDDLE, Condition, Digit, Scan, conditions, show
from fastcnn.bench.accuracy.on_paper import digits_on_paper
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import robustness_report
from fastcnn.digits import CLASSES, SIDE_PX
from fastcnn.handwriting.drawings import Drawing
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.prepare import Field, prepare
from fastcnn.handwriting.stroke_files import read_drawings
from fastcnn.kernels.threads import set_threads
from fastcnn.metrics import expected_calibration_error, wilson_interval
from fastcnn.network.calibration import calibrated
from fastcnn.recognition import recognizer
from fastcnn.zoo.bundled import bundled, load_classifier
from fastcnn.zoo.networks import BUNDLED, DEFAULT

if TYPE_CHECKING:
    from fastcnn.network.committee import Network

PIPELINE = "paper's pipeline"
PEN_DRAWINGS, SYNTHETIC, MNIST = "pen drawings", "synthetic pen digits", "MNIST's test pictures"
SURE = 0.99
Z_95 = 1.96
DRAWINGS = 3000  # drawings of a stroke file; 0.1 % are three of them
OTHERS = 1000  # synthetic digits, and pictures of MNIST
QUICK = 20
PAPER = "paper"  # its name for --only
ON_PAPER, QUICK_ON_PAPER = 300, 3  # single digits on each kind of paper, by the default network
SEED = 0  # for the choice of drawings and the training of the baseline
SYNTHETIC_STREAM = 7  # a training uses another random stream, so it has none of these digits
CHUNK = 250  # digits that a process prepares at a time, and digits in a batch
WORST_WRITERS = 10

Flags = npt.NDArray[np.bool_]


def shrink(canvas: Plane) -> Field:
    """The input of the paper's network: the canvas, scaled down by Pillow's default filter."""
    from PIL import Image

    return np.asarray(Image.fromarray(canvas).resize((SIDE_PX, SIDE_PX)), np.float32) / np.float32(255)


def _seen(task: tuple[Sequence[Digit], int, Condition]) -> tuple[Array, Flags, Array]:
    """Some digits under a condition: prepared (n, 28, 28), whether blank (n,), and scaled down (n, 28, 28)."""
    digits, first, condition = task
    canvases = [show(digit, condition, first + index) for index, digit in enumerate(digits)]
    fields = [prepare(canvas) for canvas in canvases]
    blank = np.array([field is None for field in fields])
    empty = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    prepared = np.stack([empty if field is None else field for field in fields])
    return prepared, blank, np.stack([shrink(canvas) for canvas in canvases])


@contextmanager
def _processes(count: int) -> Iterator[Executor | None]:
    """Processes that draw and prepare; None if this process does so alone."""
    if count == 1:
        yield None
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        yield pool


def _batches(pictures: Array) -> Iterator[Array]:
    for start in range(0, len(pictures), CHUNK):
        yield np.ascontiguousarray(pictures[start : start + CHUNK, np.newaxis])


def _answers(network: Network, pictures: Array, blank: Flags) -> Array:
    """Probabilities (n, 10) of pictures (n, 28, 28); even ones where a picture is blank."""
    probabilities = np.concatenate([calibrated(network, batch) for batch in _batches(pictures)])
    probabilities[blank] = 1 / CLASSES
    return probabilities


def refused(prepared: Array, blank: Flags) -> Flags:
    """Which pictures (n, 28, 28) a recognizer takes for no digit, whatever network reads them."""
    judge = recognizer.refusing_network()
    scores = np.concatenate([recognizer.digit_scores(judge, batch) for batch in _batches(prepared)])
    return (scores < recognizer.THRESHOLD) | blank


def score(probabilities: Array, blank: Flags, labels: npt.NDArray[np.int64], middle: Flags | None) -> dict[str, Any]:
    """The numbers of one network under one condition.

    Parameters
    ----------
    probabilities : (N, 10); blank : (N,), counts as wrong; labels : (N,)
    middle : (N,) whether the network is right under the middle condition; None for that condition

    `lost` is the loss of accuracy compared with the middle condition, on the same digits. `lost_half_width` is half of
    its 95 % interval (McNemar's variance of paired answers).
    """
    right = (probabilities.argmax(axis=1) == labels) & ~blank
    confidence = probabilities.max(axis=1).astype(np.float64)
    count = len(labels)
    low, high = wilson_interval(int(right.sum()), count)
    before = right if middle is None else middle
    worse, better = int((before & ~right).sum()), int((~before & right).sum())
    variance = worse + better - (worse - better) ** 2 / count
    return {
        "accuracy": float(right.mean()),
        "low": low,
        "high": high,
        "lost": (worse - better) / count,
        "lost_half_width": Z_95 * float(np.sqrt(variance)) / count,
        "mean_confidence": float(confidence.mean()),
        "calibration_error": expected_calibration_error(confidence, right),
        "surely_wrong": int((~right & (confidence > SURE)).sum()),
        "blank": int(blank.sum()),
    }


def _look(
    digits: Sequence[Digit], condition: Condition, networks: dict[str, Network], pool: Executor | None
) -> tuple[dict[str, Array], dict[str, Flags], float]:
    """Each network's probabilities and blank pictures, and the refused share. Each digit is prepared once."""
    tasks = [(digits[start : start + CHUNK], start, condition) for start in range(0, len(digits), CHUNK)]
    parts = list((pool.map if pool else map)(_seen, tasks))
    prepared, blank, shrunk = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    nothing = np.zeros(len(digits), bool)
    blanks = {name: nothing if name == PIPELINE else blank for name in networks}
    answers = {
        name: _answers(network, shrunk if name == PIPELINE else prepared, blanks[name])
        for name, network in networks.items()
    }
    return answers, blanks, float(refused(prepared, blank).mean())


def _measure(
    what: str, digits: Sequence[Digit], networks: dict[str, Network], pool: Executor | None, settings: Settings
) -> dict[str, Any]:
    """Measure all conditions on one kind of digits."""
    labels = np.array([digit.label for digit in digits], np.int64)
    suitable = [condition for condition in conditions() if condition.suits(digits[0])]
    wanted = [each for each in suitable if each is MIDDLE or settings.wants(each.kind)]
    middle: dict[str, Flags] = {}
    rows = []
    for condition in wanted:
        answers, blanks, share = _look(digits, condition, networks, pool)
        scores = {name: score(answers[name], blanks[name], labels, middle.get(name)) for name in networks}
        if condition is MIDDLE:
            middle = {name: (answers[name].argmax(axis=1) == labels) & ~blanks[name] for name in networks}
        named = {"kind": condition.kind, "label": condition.label, "at": condition.at}
        rows.append({**named, "refused": share, "scores": scores})
        told = ", ".join(f"{name} {each['accuracy']:.2%}" for name, each in scores.items())
        settings.say(f"{what}, {condition.kind}, {condition.label}: {told}")
    return {"what": what, "count": len(digits), "conditions": rows}


def _writers(digits: Sequence[Drawing], networks: dict[str, Network], pool: Executor | None) -> dict[str, Any]:
    """All drawings at random places and sizes with random pens: numbers for all, for each digit and each writer."""
    labels = np.array([digit.label for digit in digits], np.int64)
    names = np.array([digit.writer for digit in digits])
    answers, blanks, share = _look(digits, ANYWHERE, networks, pool)
    right = {name: (answers[name].argmax(axis=1) == labels) & ~blanks[name] for name in networks}
    rows: list[dict[str, Any]] = []
    for writer in sorted(set(names.tolist())):
        own = names == writer
        scores = {}
        for name in networks:
            low, high = wilson_interval(int(right[name][own].sum()), int(own.sum()))
            scores[name] = {"accuracy": float(right[name][own].mean()), "low": low, "high": high}
        rows.append({"writer": writer, "count": int(own.sum()), "scores": scores})
    first = DEFAULT if DEFAULT in networks else next(iter(networks))
    rows.sort(key=lambda row: (row["scores"][first]["accuracy"], row["writer"]))
    digits_of = {
        name: {str(digit): float(right[name][labels == digit].mean()) for digit in sorted(set(labels.tolist()))}
        for name in networks
    }
    return {
        "count": len(digits),
        "refused": share,
        "scores": {name: score(answers[name], blanks[name], labels, None) for name in networks},
        "per_digit_accuracy": digits_of,
        "writers": len(rows),
        "worst": rows[:WORST_WRITERS],
    }


def _some(count: int, wanted: int) -> list[int]:
    return sorted(np.random.Generator(np.random.PCG64(SEED)).permutation(count)[:wanted].tolist())


def synthetic(count: int) -> list[Drawing]:
    """Synthetic pen digits that no training used, each digit equally often."""
    from fastcnn.handwriting.synthesis.digits import bend
    from fastcnn.handwriting.synthesis.hands import usual_way

    rng = np.random.Generator(np.random.PCG64([SEED, SYNTHETIC_STREAM]))
    labels = [index % CLASSES for index in range(count)]
    return [Drawing(label, "", tuple(bend(usual_way(label, rng), rng))) for label in labels]


def mnist_test(count: int) -> list[Scan]:
    """Pictures of MNIST's test set."""
    from fastcnn import load_mnist

    _, (pictures, labels) = load_mnist(normalize=False)
    return [Scan(int(labels[index]), pictures[index, 0]) for index in _some(len(labels), count)]


def baseline(quick: bool) -> Network:
    """The paper's network, trained on MNIST alone by the default recipe; for one epoch if `quick`."""
    from fastcnn.bench.accuracy.seeds import fit

    return fit(SEED, 1 if quick else None)[0].network


def case_names() -> list[str]:
    """The names of cases for --only."""
    return [*dict.fromkeys(condition.kind for condition in conditions()), PAPER]


def run(settings: Settings) -> dict[str, Any]:
    drawings = read_drawings(settings.strokes) if settings.strokes else []
    set_threads(settings.threads[-1])
    others = QUICK if settings.quick else OTHERS
    chosen: list[tuple[str, Sequence[Digit]]] = []
    if drawings:
        drawings = drawings[: QUICK * CLASSES] if settings.quick else drawings
        some = _some(len(drawings), QUICK if settings.quick else DRAWINGS)
        chosen.append((PEN_DRAWINGS, [drawings[index] for index in some]))
    chosen += [(SYNTHETIC, synthetic(others)), (MNIST, mnist_test(others))]
    networks: dict[str, Network] = {name: load_classifier(bundled(name)) for name in BUNDLED}
    settings.say("training the baseline on MNIST alone")
    networks[PIPELINE] = baseline(settings.quick)
    with _processes(1 if settings.quick else settings.threads[-1]) as pool:
        data = [_measure(what, digits, networks, pool, settings) for what, digits in chosen]
        people = _writers(drawings, networks, pool) if drawings else None
    count = (QUICK_ON_PAPER if settings.quick else ON_PAPER) if settings.wants(PAPER) else 0
    return {
        PAPER: digits_on_paper(drawings, count, recognizer.Recognizer()) if count else [],
        "networks": [*networks],
        "default": DEFAULT,
        "file": Path(settings.strokes).name if settings.strokes else None,
        "data": data,
        "anywhere": people,
    }


tabulate, in_short = robustness_report.full, robustness_report.compact
