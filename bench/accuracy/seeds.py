"""`bench seeds`: train by the default recipe from seeds 0 to 4, and test each network once at the end."""

from __future__ import annotations

from math import sqrt
from statistics import mean, stdev
from typing import Any

from fastcnn import load_mnist
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown
from fastcnn.kernels.threads import set_threads
from fastcnn.metrics import evaluate
from fastcnn.training.history import History
from fastcnn.training.samples import VALIDATION_PICTURES
from fastcnn.training.trainer import Trainer
from fastcnn.zoo.networks import PAPER, paper_network
from fastcnn.zoo.recipes import RECIPES

SEEDS = 5
T_95 = 2.776  # Student's t for 4 degrees of freedom: the 95 % interval of a mean of five


def fit(seed: int, epochs: int | None = None) -> tuple[Trainer, History]:
    """Train the paper's network on MNIST alone by the default recipe. None means the recipe's number of epochs."""
    (images, labels), _ = load_mnist(normalize=False)
    recipe = RECIPES[PAPER]
    epochs = epochs or recipe.epochs
    trainer = recipe.trainer(paper_network(seed=seed))
    schedule = recipe.schedule(epochs, len(images) - VALIDATION_PICTURES, recipe.batch_size)
    history = trainer.fit(
        images, labels, epochs=epochs, batch_size=recipe.batch_size, schedule=schedule, seed=seed, progress=False
    )
    return trainer, history


def train(seed: int, epochs: int) -> dict[str, float]:
    trainer, history = fit(seed, epochs)
    _, (x_test, t_test) = load_mnist(normalize=False)
    result = evaluate(trainer.network.predict_proba(x_test), t_test)
    return {
        "seed": seed,
        "test_accuracy": result.accuracy,
        "validation_accuracy": float(history.validation_accuracy or 0),
        "mean_confidence": result.mean_confidence,
        "train_s": history.train_seconds,
        "images_per_s": history.images_per_second,
    }


def run(settings: Settings) -> dict[str, Any]:
    set_threads(settings.threads[-1])
    epochs = 1 if settings.quick else RECIPES[PAPER].epochs
    runs = []
    for seed in range(2 if settings.quick else SEEDS):
        runs.append(train(seed, epochs))
        settings.say(f"seed {seed}: test accuracy {runs[-1]['test_accuracy']:.2%}, {runs[-1]['train_s']:.1f} s")
    accuracies = [each["test_accuracy"] for each in runs]
    result = {
        "model": PAPER,
        "epochs": epochs,
        "threads": settings.threads[-1],
        "runs": runs,
        "mean_test_accuracy": mean(accuracies),
        "sd_test_accuracy": stdev(accuracies),
        "half_width_95": T_95 * stdev(accuracies) / sqrt(len(accuracies)),
    }
    settings.say(f"mean {result['mean_test_accuracy']:.3%}, sd {result['sd_test_accuracy']:.3%}")
    return result


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        (
            str(run["seed"]), f"{run['test_accuracy']:.2%}", f"{run['validation_accuracy']:.2%}",
            f"{run['mean_confidence']:.2%}", f"{run['train_s']:.1f} s",
        )
        for run in result["runs"]
    ]  # fmt: skip
    mean, spread = result["mean_test_accuracy"], result["sd_test_accuracy"]
    rows.append(("mean", f"**{mean:.3%}** ± {result['half_width_95']:.3%}", "", "", ""))
    rows.append(("standard deviation", f"{spread:.3%}", "", "", ""))
    header = ("seed", "test accuracy", "validation accuracy", "mean confidence", "training")
    return markdown.table(header, rows) + (
        f"\nThe recipe of `fastcnn train`, {result['epochs']} epochs, {result['threads']} threads; "
        "± is the 95 % interval of the mean.\n"
    )
