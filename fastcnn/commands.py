"""What the commands do.

Each imports what it needs when it runs: `predict` has a second for everything, so rich and the datasets stay out.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.errors import FastcnnError, UsageError
from fastcnn.outputs import check_writable, write_json

if TYPE_CHECKING:
    from fastcnn.arrays import Array
    from fastcnn.checkpoint import Checkpoint
    from fastcnn.history import History
    from fastcnn.metrics import Evaluation
    from fastcnn.recipes import Recipe
    from fastcnn.recognizer import Recognition
    from fastcnn.train import Trainer

CHECKPOINT_SUFFIX = ".checkpoint.safetensors"
VALIDATION_SHARE = 12  # one picture in 12 of a small dataset is set aside, as 5,000 of MNIST's 60,000


def _prepare(args: argparse.Namespace) -> None:
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


def _find_checkpoint(given: str) -> Path:
    """The checkpoint that --resume means: itself, or the one beside the weights that the training was to write."""
    path = Path(given)
    beside = path.with_name(path.stem + CHECKPOINT_SUFFIX) if path.name else path
    if beside.is_file() and not path.name.endswith(CHECKPOINT_SUFFIX):
        return beside
    if path.is_file():
        return path
    raise FastcnnError(f"--resume {given}: there is no checkpoint; leave out --resume to start afresh")


def _check_outputs(out: Path, checkpoint: Path, args: argparse.Namespace) -> None:
    """Refuse what would destroy a file of this training, or the only trace of another one."""
    from fastcnn.checkpoint import load_checkpoint

    check_writable(out, "--out", special=False)
    if args.json is not None and Path(args.json).resolve() in (out.resolve(), checkpoint.resolve()):
        raise UsageError(f"--json {args.json} is where the training is written; choose another file")
    if not checkpoint.exists() or (args.resume is not None and args.resume.resolve() == checkpoint.resolve()):
        return
    try:
        epochs_done = load_checkpoint(checkpoint).epoch
    except FastcnnError:  # nothing in it can be saved
        return
    if epochs_done > 0:
        raise FastcnnError(
            f"{checkpoint} keeps an interrupted training; go on with fastcnn train --resume {checkpoint}, "
            "or delete it to start afresh"
        )


def _fill_from_checkpoint(args: argparse.Namespace, checkpoint: Checkpoint) -> None:
    """Options that were left out are those of the interrupted training."""
    settings = checkpoint.settings
    if args.model is None:
        args.model = settings.get("network", {}).get("name")  # that of its recipe: see `train`
    for name in ("epochs", "seed", "batch_size"):
        if getattr(args, name) is None:
            setattr(args, name, settings.get(name))
    if args.out is None:
        args.out = str(args.resume).removesuffix(CHECKPOINT_SUFFIX) + ".safetensors"


def train(args: argparse.Namespace) -> None:
    """Train a network by its recipe, save it, then test it."""
    _prepare(args)
    from fastcnn.calibration import calibrated, fit_temperature
    from fastcnn.checkpoint import load_checkpoint
    from fastcnn.data import load_mnist
    from fastcnn.metrics import evaluate
    from fastcnn.recipes import BUNDLED_RECIPES, NETWORKS, RECIPES

    if args.resume is not None:
        args.resume = _find_checkpoint(args.resume)
        _fill_from_checkpoint(args, load_checkpoint(args.resume))
    model, seed = args.model or "paper", args.seed or 0
    recipes = BUNDLED_RECIPES if args.recipe == "bundled" else RECIPES
    if model not in recipes:
        raise UsageError(f"there is no model {model!r} to train; choose from {', '.join(recipes)}")
    recipe = recipes[model]
    epochs, batch_size = args.epochs or recipe.epochs, args.batch_size or recipe.batch_size
    out = Path(args.out or f"{model}.safetensors")
    checkpoint = out.with_name(out.stem + CHECKPOINT_SUFFIX) if out.name else out
    _check_outputs(out, checkpoint, args)

    training, test = load_mnist(normalize=False, data_dir=args.data_dir)
    network = NETWORKS[model](seed=seed)
    network.name = model  # two recipes may train one network
    trainer = recipe.trainer(network)
    mixed = recipe.mix(*training, seed)
    history = _fit(trainer, recipe, mixed, epochs, batch_size, seed, checkpoint, args.resume)
    if args.recipe == "bundled" and len(trainer.held_out):
        images, labels = (array[trainer.held_out] for array in mixed)
        network.temperature = fit_temperature(network.forward(images), labels)
    network.save(out)
    result = evaluate(calibrated(network, test[0]), test[1])
    write_json(
        args.json,
        {
            "model": model,
            "seed": seed,
            "epochs": epochs,
            "train_seconds": history.train_seconds,
            "images_per_second": history.images_per_second,
            "validation_accuracy": history.validation_accuracy,
            "test_accuracy": result.accuracy,
            "mean_confidence": result.mean_confidence,
            "per_digit_accuracy": list(result.per_digit_accuracy),
        },
    )
    checkpoint.unlink(missing_ok=True)
    _print_result(f"{out}: {model}, seed {seed}, epoch {history.best_epoch} of {epochs}", result)


def _fit(
    trainer: Trainer,
    recipe: Recipe,
    training: tuple[Array, Array],
    epochs: int,
    batch_size: int,
    seed: int,
    checkpoint: Path,
    resume: Path | None,
) -> History:
    """Train; an interruption ends in a sentence that says how to go on."""
    from fastcnn.train import VALIDATION_PICTURES

    images, labels = training
    validation = min(VALIDATION_PICTURES, len(images) // VALIDATION_SHARE)
    try:
        return trainer.fit(
            images,
            labels,
            epochs=epochs,
            batch_size=batch_size,
            schedule=recipe.schedule(epochs, len(images) - validation, batch_size),
            validation=validation,
            seed=seed,
            checkpoint=checkpoint,
            resume=resume,
        )
    except KeyboardInterrupt:
        kept = f"; go on with fastcnn train --resume {checkpoint}" if checkpoint.exists() else ""
        raise FastcnnError(f"training was interrupted{kept}") from None


def evaluate(args: argparse.Namespace) -> None:
    """Test a network on the test pictures, or on drawings."""
    _prepare(args)
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
    _print_result(name, result)


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
        "surely_wrong": scores.surely_wrong,
        "unsure": scores.unsure,
        "writers": {writer: {"right": right, "count": count} for writer, (right, count) in scores.writers.items()},
    }
    write_json(args.json, {**_facts(name, scores.evaluation), **extra})
    _print_result(f"{name}, on {args.strokes}", scores.evaluation)
    print_writers(scores)


def experiment(args: argparse.Namespace) -> None:
    """Repeat an experiment of the paper and write its figures."""
    _prepare(args)
    from fastcnn import experiment as paper
    from fastcnn.recognizer import Recognizer

    if (args.mode == "handwriting") != (args.strokes is not None):
        needs = "needs" if args.mode == "handwriting" else "takes no"
        raise UsageError(f"--mode {args.mode} {needs} --strokes FILE")
    recognizer, seed = Recognizer(args.model), args.seed or 0
    if args.mode == "mnist":
        from fastcnn.data import load_mnist

        _, (images, labels) = load_mnist(normalize=False, data_dir=args.data_dir)
        done = paper.run_mnist(recognizer, images[:, 0], labels.tolist(), args.groups, args.size, seed)
    else:
        from fastcnn.strokes import read_drawings

        done = paper.run_handwriting(recognizer, read_drawings(args.strokes), args.groups, args.size, seed)
    files = paper.write(done, Path(args.out))
    write_json(args.json, done.describe())
    total = done.by_group()[-1]
    low, high = total.interval or (0.0, 1.0)
    print(f"accuracy {total.accuracy:.2%} ({total.right} of {total.count}; 95 % interval {low:.2%} to {high:.2%})")
    print(f"mean confidence {total.mean_confidence:.2%}: the paper's recognition rate, right or wrong")
    print("\n".join(map(str, files)))


def _print_result(title: str, result: Evaluation) -> None:
    from fastcnn.report import print_evaluation

    print(title)
    print_evaluation(result)


def predict(args: argparse.Namespace) -> None:
    """Recognize the digit in each picture file."""
    _prepare(args)
    from fastcnn.pictures import open_picture
    from fastcnn.recognizer import Recognizer

    recognizer = Recognizer(args.model)
    results = recognizer.recognize_many(map(open_picture, args.images))
    rows = [
        {
            "image": image,
            "digit": result.digit,
            "confidence": result.confidence,
            "probabilities": [float(share) for share in result.probabilities],
        }
        for image, result in zip(args.images, results, strict=True)
    ]
    write_json(args.json, rows)
    for image, result in zip(args.images, results, strict=True):
        print(f"{image}  {_answer(result)}")


def _answer(result: Recognition) -> str:
    if result.digit is None:
        return "no digit"
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
