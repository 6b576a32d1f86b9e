"""The paper's experiments: groups of digits, recognized, with the figures that the paper shows and what they leave out.

The paper's recognition rate is the mean confidence. Beside it stands the accuracy with its 95 % Wilson interval: with
ten digits a group, or a hundred in all, it is wide. Figure numbers are the paper's. A digit that is refused, taken for
none, counts as wrong and with no confidence.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastcnn.charts import bars
from fastcnn.errors import FastcnnError
from fastcnn.files import atomic_write
from fastcnn.metrics import CLASSES, wilson_interval
from fastcnn.ours import FIGURE, FIGURE_MARK, TABLE
from fastcnn.outputs import Output
from fastcnn.pictures import Plane
from fastcnn.strokes import Drawing, picture_of

if TYPE_CHECKING:
    from PIL import Image

    from fastcnn.recognizer import Recognition, Recognizer

GROUP_FIGURE = {"mnist": 8, "handwriting": 9}
DIGIT_FIGURE, MISTAKE_FIGURE = 10, 11
# What the paper shows in its figure 11: a 9 taken for a 1.
PAPER_MISTAKE = {"truth": 9, "answer": 1, "confidence": 0.9994}
SHOWN_PX = 280


@dataclass(frozen=True, eq=False)
class Trial:
    """One digit of the experiment."""

    truth: int
    picture: Plane
    result: Recognition

    @property
    def right(self) -> bool:
        """Whether the answer is the truth."""
        return self.result.digit == self.truth


@dataclass(frozen=True)
class Rates:
    """What came of some digits; shares are fractions, None where there is no digit."""

    name: str
    count: int
    right: int
    mean_confidence: float | None
    refused: int = 0  # of the wrong ones: those taken for no digit

    @property
    def accuracy(self) -> float | None:
        """The share of right answers."""
        return self.right / self.count if self.count else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The accuracy's 95 % Wilson interval."""
        return wilson_interval(self.right, self.count) if self.count else None

    def describe(self) -> dict[str, Any]:
        """All numbers, JSON-able."""
        low, high = self.interval or (None, None)
        return {
            "name": self.name, "count": self.count, "right": self.right, "accuracy": self.accuracy,
            "accuracy_low": low, "accuracy_high": high, "mean_confidence": self.mean_confidence,
            "refused": self.refused,
        }  # fmt: skip


def rates(name: str, trials: Sequence[Trial]) -> Rates:
    """The rates of some trials."""
    mean = float(np.mean([trial.result.confidence for trial in trials])) if trials else None
    refused = sum(trial.result.digit is None for trial in trials)
    return Rates(name, len(trials), sum(trial.right for trial in trials), mean, refused)


@dataclass(frozen=True, eq=False)
class Experiment:
    """An experiment that was done: groups of trials."""

    mode: str
    groups: tuple[tuple[Trial, ...], ...]

    @property
    def trials(self) -> list[Trial]:
        """All trials in order."""
        return [trial for group in self.groups for trial in group]

    def by_group(self) -> list[Rates]:
        """The rates of each group, and of all."""
        return [*(rates(str(i + 1), group) for i, group in enumerate(self.groups)), rates("all", self.trials)]

    def by_digit(self) -> list[Rates]:
        """The rates of each digit."""
        return [rates(str(d), [trial for trial in self.trials if trial.truth == d]) for d in range(CLASSES)]

    def worst(self) -> Trial | None:
        """The most confident mistake."""
        wrong = [trial for trial in self.trials if not trial.right]
        return max(wrong, key=lambda trial: trial.result.confidence, default=None)

    def describe(self) -> dict[str, Any]:
        """All rates, JSON-able."""
        worst = self.worst()
        mistake = None
        if worst is not None:
            confidence = worst.result.confidence
            mistake = {"truth": worst.truth, "answer": worst.result.digit, "confidence": confidence}
        return {
            "mode": self.mode,
            "groups": [each.describe() for each in self.by_group()],
            "digits": [each.describe() for each in self.by_digit()],
            "most_confident_mistake": mistake,
            "paper_mistake": PAPER_MISTAKE,
        }


def run_mnist(
    recognizer: Recognizer, images: Plane, labels: Sequence[int], groups: int, size: int, seed: int
) -> Experiment:
    """Groups of pictures drawn at random, (N, H, W) uint8, none of them twice.

    Raises
    ------
    FastcnnError
        If there are fewer pictures than asked for.
    """
    chosen = _choose(len(images), groups * size, seed)
    return _run(recognizer, "mnist", [(int(labels[i]), images[i]) for i in chosen], size)


def run_handwriting(
    recognizer: Recognizer, drawings: Sequence[Drawing], groups: int, size: int, seed: int
) -> Experiment:
    """Groups of drawings chosen at random, each drawn as `strokes.picture_of` says; errors as `run_mnist`."""
    chosen = _choose(len(drawings), groups * size, seed)
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    digits = [(drawings[i].label, picture_of(drawings[i], rng)) for i in chosen]
    return _run(recognizer, "handwriting", digits, size)


def _choose(count: int, wanted: int, seed: int) -> list[int]:
    if wanted > count:
        raise FastcnnError(f"there are {count:,} digits, not {wanted:,}; ask for fewer groups or smaller ones")
    rng = np.random.Generator(np.random.PCG64(seed))
    return [int(index) for index in rng.permutation(count)[:wanted]]


def _run(recognizer: Recognizer, mode: str, digits: list[tuple[int, Plane]], size: int) -> Experiment:
    results = recognizer.recognize_many([picture for _, picture in digits])
    trials = [Trial(truth, picture, each) for (truth, picture), each in zip(digits, results, strict=True)]
    return Experiment(mode, tuple(tuple(trials[start : start + size]) for start in range(0, len(trials), size)))


def outputs(mode: str, folder: Path) -> list[Output]:
    """What `write` writes, or removes."""
    bases = [folder / f"figure{number}_{mode}" for number in (GROUP_FIGURE[mode], DIGIT_FIGURE, MISTAKE_FIGURE)]
    files = [(base.with_suffix(suffix), kind) for base in bases for suffix, kind in ((".png", FIGURE), (".csv", TABLE))]
    return [Output("--out", path, kind, makes_folder=True) for path, kind in files]


def write(experiment: Experiment, folder: Path) -> list[Path]:
    """Write the figures and their numbers; returns the files. An existing folder is used, its other files stay.

    Raises
    ------
    FastcnnError, OSError
        If the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    group_figure = GROUP_FIGURE[experiment.mode]
    what = "MNIST test pictures" if experiment.mode == "mnist" else "drawings"
    written = []
    for figure, name, table in (
        (group_figure, "group", experiment.by_group()),
        (DIGIT_FIGURE, "digit", experiment.by_digit()),
    ):
        base = folder / f"figure{figure}_{experiment.mode}"
        title = f"Figure {figure}: {what}, rate of each {name}"
        series = [("mean confidence", [each.mean_confidence for each in table])]
        series.append(("accuracy", [each.accuracy for each in table]))
        series.append(("accuracy, lower end (95 %)", [each.interval[0] if each.interval else None for each in table]))
        _write_png(base.with_suffix(".png"), bars(title, [each.name for each in table], series))
        atomic_write(base.with_suffix(".csv"), _csv([each.describe() for each in table]))
        written += [base.with_suffix(".png"), base.with_suffix(".csv")]
    worst = experiment.worst()
    rows = [{"whose": "paper", **PAPER_MISTAKE}]
    base = folder / f"figure{MISTAKE_FIGURE}_{experiment.mode}"
    if worst is not None:
        confidence = worst.result.confidence
        rows.append({"whose": "this run", "truth": worst.truth, "answer": worst.result.digit, "confidence": confidence})
        _write_png(base.with_suffix(".png"), _mistake(worst))
        written.append(base.with_suffix(".png"))
    else:
        base.with_suffix(".png").unlink(missing_ok=True)  # of an earlier run, which did make one
    atomic_write(base.with_suffix(".csv"), _csv(rows))
    return [*written, base.with_suffix(".csv")]


def _csv(rows: Sequence[dict[str, Any]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def _write_png(path: Path, image: Image.Image) -> None:
    from PIL.PngImagePlugin import PngInfo

    mark, buffer = PngInfo(), io.BytesIO()
    mark.add_text("Software", FIGURE_MARK)
    image.save(buffer, "PNG", pnginfo=mark)
    atomic_write(path, buffer.getvalue())


def _mistake(trial: Trial) -> Image.Image:
    """The picture, and beside it what the network saw."""
    from PIL import Image, ImageDraw, ImageFont

    seen = np.rint(255 * trial.result.input).astype(np.uint8)
    image = Image.new("L", (2 * SHOWN_PX + 30, SHOWN_PX + 50), 255)
    for index, plane in enumerate((trial.picture, seen)):
        part = Image.fromarray(plane).resize((SHOWN_PX, SHOWN_PX), Image.Resampling.NEAREST)
        image.paste(part, (10 + index * (SHOWN_PX + 10), 40))
    answer = "no digit" if trial.result.digit is None else f"{trial.result.digit} at {trial.result.confidence:.2%}"
    text = f"Figure {MISTAKE_FIGURE}: a {trial.truth}, taken for {answer}; right: what the network saw"
    ImageDraw.Draw(image).text((10, 12), text, 0, font=ImageFont.load_default(15))
    return image
