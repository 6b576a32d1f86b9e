"""`bench refusal`: how many non-digits are refused, and how many real digits.

Non-digits come from the families that the refusing network was trained on, but are other pictures, and from families
that no training uses (`unseen`). Real digits are MNIST's test pictures, synthetic pen digits that no training used, and
pen drawings of a stroke file (`--strokes`) at any place and size, with any pen, rotated by up to 15 degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import load_mnist
from fastcnn.arrays import Array
from fastcnn.bench.accuracy import unseen
from fastcnn.bench.accuracy.on_paper import digits_on_paper
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import median_s
from fastcnn.bench.report import refusal_tables
from fastcnn.digits import SIDE_PX
from fastcnn.handwriting.drawings import Drawing, draw, random_pose
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.prepare import prepare
from fastcnn.handwriting.stroke_files import read_drawings
from fastcnn.handwriting.synthesis.digits import synthetic_digits
from fastcnn.handwriting.synthesis.nondigits import FAMILIES, TURN_DEG, TURNED, Rng, make, turned
from fastcnn.kernels.threads import set_threads
from fastcnn.recognition import recognizer

SEED = 77  # the bundled network was trained with seed 0
DIGITS, OF_FAMILY, QUICK = 5_000, 400, 20
OF_SEEN = 200
ON_PAPER, QUICK_ON_PAPER = 300, 3  # single digits on each kind of paper
TIMED = 1000
LEVELS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01)


def _prepared(planes: Sequence[Plane]) -> Array:
    fields = [prepare(plane) for plane in planes]
    empty = np.zeros((SIDE_PX, SIDE_PX), np.float32)  # a blank picture is refused for any score
    return np.stack([empty if field is None else field for field in fields])[:, np.newaxis]


def _scores(pictures: Array) -> Array:
    scores = recognizer.digit_scores(recognizer.refusing_network(), pictures)
    return np.where(pictures.any(axis=(1, 2, 3)), scores, 0.0)


def _drawn(drawings: Sequence[Drawing], rng: Rng) -> Array:
    return _prepared([draw(each.strokes, random_pose(rng, TURN_DEG)) for each in drawings])


def _turned(drawings: Sequence[Drawing], rng: Rng) -> Array:
    """Digits that people drew, upside down, mirrored or on their side, like the family of the training."""
    chosen = [each for each in drawings if each.label in TURNED]
    return _prepared([draw(turned(each.label, each.strokes, rng), random_pose(rng, TURN_DEG)) for each in chosen])


def _digits(settings: Settings, drawings: Sequence[Drawing], rng: Rng) -> dict[str, Array]:
    """The scores of each source of real digits."""
    count = QUICK if settings.quick else DIGITS
    _, (images, _) = load_mnist(normalize=False)
    images = images[:count] if settings.quick else images
    found = {
        "MNIST's test pictures": _scores(_prepared(list(images[:, 0]))),
        "synthetic pen digits": _scores(synthetic_digits(count, seed=SEED)[0]),
    }
    if drawings:
        found["pen drawings"] = _scores(_drawn(drawings, rng))
    return found


def _seen(settings: Settings, rng: Rng) -> dict[str, Array]:
    """The scores of the families of the training, equally many pictures of each; letters of pen and font apart."""
    count = QUICK if settings.quick else OF_SEEN
    found: dict[str, list[Array]] = {}
    for name, (family, _) in FAMILIES.items():
        root = name.split()[0]
        told = {"letter": "letters, written", "typed": "letters and signs of a font"}.get(root, name)
        found.setdefault(told, []).append(_scores(make(family, count, rng)))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _writers(scores: Array, drawings: Sequence[Drawing]) -> list[dict[str, Any]]:
    """The number of refused drawings of each writer, the writer with the largest share first."""
    found: dict[str, list[bool]] = {}
    for score, drawing in zip(scores, drawings, strict=True):
        found.setdefault(drawing.writer, []).append(bool(score < recognizer.THRESHOLD))
    rows = [{"writer": name, "count": len(each), "refused": sum(each)} for name, each in found.items()]
    return sorted(rows, key=lambda row: (-row["refused"] / row["count"], row["writer"]))


def _share(groups: dict[str, Array], threshold: float) -> float:
    """The mean over the groups, with equal weights."""
    return float(np.mean([(scores < threshold).mean() for scores in groups.values()]))


def _curve(digits: dict[str, Array], seen: dict[str, Array], never: dict[str, Array]) -> list[dict[str, Any]]:
    """Thresholds that refuse a given share of the last source of real digits, and the other shares they refuse."""
    rows = []
    for level in LEVELS:
        threshold = float(np.quantile(list(digits.values())[-1], level))
        rows.append(
            {
                "threshold": threshold,
                "digits": {name: float((scores < threshold).mean()) for name, scores in digits.items()},
                "seen": _share(seen, threshold),
                "unseen": _share(never, threshold),
            }
        )
    return rows


def _counts(groups: dict[str, Array]) -> list[dict[str, Any]]:
    return [
        {"name": name, "count": len(scores), "refused": int((scores < recognizer.THRESHOLD).sum())}
        for name, scores in groups.items()
    ]


def run(settings: Settings) -> dict[str, Any]:
    set_threads(1)
    rng = np.random.Generator(np.random.PCG64(SEED))
    drawings = read_drawings(settings.strokes) if settings.strokes else []
    drawings = drawings[:QUICK] if settings.quick else drawings
    digits = _digits(settings, drawings, rng)
    seen = _seen(settings, rng)
    count = QUICK if settings.quick else OF_FAMILY
    never = {name: _scores(make(family, count, rng)) for name, family in unseen.FAMILIES.items()}
    if drawings:
        seen["turned, by real hands"] = _scores(_turned(drawings, rng))
    network, picture = recognizer.refusing_network(), rng.random((1, 1, SIDE_PX, SIDE_PX), np.float32)
    result = {
        "digits": _counts(digits),
        "writers": _writers(digits["pen drawings"], drawings) if drawings else [],
        "seen": _counts(seen),
        "unseen": _counts(never),
        "curve": _curve(digits, seen, never),
        "picture_s": median_s(lambda: recognizer.digit_scores(network, picture), TIMED),
        "paper": digits_on_paper(drawings, QUICK_ON_PAPER if settings.quick else ON_PAPER, recognizer.Recognizer()),
    }
    for name, groups in (("digits", digits), ("seen", seen), ("unseen", never)):
        settings.say(f"{name}: {_share(groups, recognizer.THRESHOLD):.2%} refused")
    return result


tabulate, in_short = refusal_tables.refusal, refusal_tables.compact
