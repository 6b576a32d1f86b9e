"""`bench precision`: the recipes of `fastcnn train` in bfloat16 and in float32, with the same seeds.

The paper's network has five seeds, and the difference of its means an interval; `default` has one seed. Both trainings
of a seed see the same pictures in the same order, so their differences are paired.
"""

from __future__ import annotations

from functools import partial
from math import sqrt
from statistics import mean, stdev
from typing import Any

from fastcnn import load_mnist
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown
from fastcnn.kernels.precision import BFLOAT16, FLOAT32
from fastcnn.kernels.threads import set_threads
from fastcnn.metrics import evaluate
from fastcnn.network.precision import steps_of
from fastcnn.training.samples import VALIDATION_PICTURES
from fastcnn.zoo.networks import DEFAULT, NAMED, PAPER
from fastcnn.zoo.recipes import RECIPES

SEEDS = {PAPER: 5, DEFAULT: 1}
QUICK_SEEDS, QUICK_PICTURES = {PAPER: 2}, 600
T_95 = {1: 12.706, 4: 2.776}  # Student's t by degrees of freedom, for 95 % of both sides


def train(model: str, seed: int, precision: str, pictures: int | None) -> dict[str, Any]:
    """One training by the recipe, tested once at the end; with few pictures, one epoch."""
    (images, labels), (x_test, t_test) = load_mnist(normalize=False)
    images, labels, recipe = images[:pictures], labels[:pictures], RECIPES[model]
    epochs = recipe.epochs if pictures is None else 1
    validation = min(VALIDATION_PICTURES, len(images) // 12)
    network = NAMED[model].make(seed=seed)
    network.precision = precision
    trainer = recipe.trainer(network)
    history = trainer.fit(
        images, labels, epochs=epochs, batch_size=recipe.batch_size, validation=validation, seed=seed, progress=False,
        schedule=recipe.schedule(epochs, len(images) - validation, recipe.batch_size), keep_last=recipe.keep_last,
    )  # fmt: skip
    result = evaluate(network.predict_proba(x_test[:pictures]), t_test[:pictures])
    return {
        "model": model,
        "seed": seed,
        "precision": precision,
        "epochs": epochs,
        "test_accuracy": result.accuracy,
        "train_s": history.train_seconds,
    }


def compared(runs: list[dict[str, Any]], model: str) -> dict[str, Any]:
    """The mean of a network's differences, bfloat16 less float32, and the half of its 95 % interval."""
    own = sorted((run for run in runs if run["model"] == model), key=lambda run: int(run["seed"]))
    exact = [run["test_accuracy"] for run in own if run["precision"] == FLOAT32]
    rounded = [run["test_accuracy"] for run in own if run["precision"] != FLOAT32]
    differences = [b - a for a, b in zip(exact, rounded, strict=True)]
    count = len(differences)
    half = T_95[count - 1] * stdev(differences) / sqrt(count) if count > 1 else None
    means = {FLOAT32: mean(exact), BFLOAT16: mean(rounded)}
    return {"model": model, **means, "difference": mean(differences), "half": half}


def run(settings: Settings) -> dict[str, Any]:
    precision = settings.precision or BFLOAT16
    steps_of(precision)  # it may be that this CPU gains nothing
    set_threads(settings.threads[-1])
    seeds = QUICK_SEEDS if settings.quick else SEEDS
    runs = []
    for model, count in seeds.items():
        for seed in range(count):
            for each in (FLOAT32, precision):
                name, pictures = f"{model}, seed {seed}, {each}", QUICK_PICTURES if settings.quick else None
                runs.append(settings.kept.row(name, partial(train, model, seed, each, pictures)))
                accuracy, seconds = runs[-1]["test_accuracy"], runs[-1]["train_s"]
                settings.say(f"{name}: test accuracy {accuracy:.2%}, {seconds:.1f} s")
    rows = [compared(runs, model) for model in seeds]
    for row in rows:
        settings.say(f"{row['model']}: {_difference(row)}")
    return {"precision": precision, "runs": runs, "rows": rows}


def _difference(row: dict[str, Any]) -> str:
    interval = "one seed" if row["half"] is None else f"± {row['half']:.3%}"
    return f"{row['difference']:+z.3%} ({interval})"


def _verdict(row: dict[str, Any]) -> str:
    """Whether the two precisions can be told apart by these seeds."""
    holds_zero = abs(row["difference"]) <= row["half"]
    return f"The interval of `{row['model']}` {'holds' if holds_zero else '**does not hold**'} zero."


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = []
    for row in result["rows"]:
        own = [run for run in result["runs"] if run["model"] == row["model"]]
        seeds, epochs = {run["seed"] for run in own}, own[0]["epochs"]
        cells = (f"{row[FLOAT32]:.3%}", f"{row[BFLOAT16]:.3%}", _difference(row))
        rows.append((f"`{row['model']}`", str(len(seeds)), str(epochs), *cells))
    header = ("network", "seeds", "epochs", FLOAT32, BFLOAT16, "difference (95 % interval)")
    return markdown.table(header, rows) + (
        f"\nTest accuracy, by the recipes of `fastcnn train`, precision `{result['precision']}`. The interval is "
        "Student's, of the differences of each seed's two trainings. "
        + " ".join(_verdict(row) for row in result["rows"] if row["half"] is not None)
        + "\n"
    )
