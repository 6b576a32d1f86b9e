"""The command `train`: with --data on pictures of the user's own, without it as `train` does.

The test part is read once, after the training. Where the data have none, nothing is said of a test: the accuracy is
that on the pictures set aside.
"""

from __future__ import annotations

import argparse
import logging
import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcnn.commands import train as mnist
from fastcnn.commands.common import own_data_files, pair_of_size, print_result, refuse
from fastcnn.commands.outputs import write_json
from fastcnn.commands.team import ALONE, Team
from fastcnn.errors import UsageError
from fastcnn.kernels.values import counted

if TYPE_CHECKING:
    from fastcnn.arrays import Array
    from fastcnn.data import DataSet
    from fastcnn.data.sharing import Readers
    from fastcnn.metrics import Evaluation
    from fastcnn.network.sequential import Sequential
    from fastcnn.training.history import History

LEAST_CALIBRATING = 200  # pictures set aside that a temperature is fitted on; of fewer it is chance

log = logging.getLogger("fastcnn")


@dataclass(frozen=True)
class _Measured:
    """What was measured at the end, and on which part: "test", "validation", or nothing."""

    part: str
    result: Evaluation | None


def train(args: argparse.Namespace, team: Team = ALONE) -> None:
    """Train a network on the data of --data, save it, then test it; without --data train one of the recipes."""
    if args.data is None:
        names = ("network", "validation", "size", "augment", "skip_broken")
        refuse("without --data", **{name: getattr(args, name) or None for name in names})
        mnist.train(args, team)
        return
    refuse("with --data, where --network says what is trained", model=args.model, recipe=args.recipe)
    refuse("with --data", data_dir=args.data_dir, keep_epochs=args.keep_epochs or None)
    args, out = team.from_first(lambda: _filled(args))
    (checkpoint,) = mnist.checkpoints_of(out, 1)
    go_on = mnist.go_on_with(args, out, checkpoint)
    with mnist.writing(args, out, [checkpoint], go_on, own_data_files(args), team):
        _train(args, out, checkpoint, go_on, team)


def _filled(args: argparse.Namespace) -> tuple[argparse.Namespace, Path]:
    """The arguments, with those of the interrupted training where they were left out, and the file to write."""
    if args.resume is not None:
        from fastcnn.training.checkpoint import load_checkpoint

        args.resume, _ = mnist.find_checkpoint(args.resume)
        mnist.fill_from_checkpoint(args, load_checkpoint(args.resume), None)
    where = Path(os.path.abspath(args.data))
    name = (where.name if os.path.isdir(where) else where.stem) or "network"
    return args, mnist.choose_out(args, name)


def _train(args: argparse.Namespace, out: Path, checkpoint: Path, go_on: str, team: Team) -> None:
    from fastcnn.zoo.own import DEFAULT_NETWORK, find_network

    share = _share(args.validation)
    described = find_network(args.network or DEFAULT_NETWORK)
    readers, seed = team.readers(), args.seed or 0
    data = _load(args, described, readers)
    network = team.from_first(lambda: _network(args, data, described, seed))
    validation = _validation(args, data, readers) if share is None else share
    _say_what(args, data)
    history, numbers = _fit(args, network, data, validation, checkpoint, go_on, seed, team)
    if not team.finishes:
        return
    if isinstance(validation, tuple):
        held_out = validation
    else:
        held_out = data.images[numbers], data.labels[numbers]
    if len(held_out[0]) >= LEAST_CALIBRATING:
        from fastcnn.network.calibration import calibrate

        calibrate(network, *held_out)
    network.save(out)
    measured = _measure(network, data, held_out)
    result = measured.result
    write_json(
        args.json,
        {
            "model": network.name,
            "seed": seed,
            "epochs": len(history.epochs),
            "train_seconds": history.train_seconds,
            "images_per_second": history.images_per_second,
            "validation_accuracy": history.validation_accuracy,
            "test_accuracy": result.accuracy if result and measured.part == "test" else None,
            "mean_confidence": result.mean_confidence if result else None,
            "per_digit_accuracy": list(result.per_digit_accuracy) if result else None,
            "measured_on": measured.part or None,
            "data": args.data,
            "input_shape": list(network.input_shape),
            "classes": list(network.classes),
        },
    )
    checkpoint.unlink(missing_ok=True)
    title = f"saved {out}: {network.name}, seed {seed}, {counted(len(history.epochs), 'epoch')}"
    if result is None:
        print(f"{title}\nno pictures were set aside, so there is no accuracy")
    else:
        print_result(title, result, network.classes, measured.part)
    mnist.print_next(out, f" --data {shlex.quote(args.data)}")


def _share(validation: str | None) -> float | None:
    """The share that --validation names; None where it names none."""
    try:
        share = float(validation or "")
    except ValueError:
        return None
    if not 0 < share < 1:
        raise UsageError(f"--validation must be a share between 0 and 1, or a path, not {validation}")
    return share


def _load(args: argparse.Namespace, described: str | dict[str, Any], readers: Readers) -> DataSet:
    """The data of --data, in the shape that a description of the network has."""
    from fastcnn.data.readers import read_data

    shape = described.get("input_shape") if isinstance(described, dict) else None
    if shape is not None and args.size is not None:
        raise UsageError(f"--size has no effect with {args.network}, which has an input_shape; leave it out")
    return read_data(args.data, readers, size=pair_of_size(args.size), shape=shape, skip_broken=args.skip_broken)


def _network(args: argparse.Namespace, data: DataSet, described: str | dict[str, Any], seed: int) -> Sequential:
    from fastcnn.zoo.own import DEFAULT_NETWORK, network_for

    channels, height, width = data.images.shape[1:]
    try:
        network = network_for(data.images, data.classes, described, seed=seed)
    except (TypeError, ValueError) as error:
        name = args.network or DEFAULT_NETWORK
        raise UsageError(f"--network {name} for pictures of {channels} x {height} x {width}: {error}") from None
    return network


def _validation(args: argparse.Namespace, data: DataSet, readers: Readers) -> tuple[Array, Array] | None:
    """The pictures and labels that --validation or the data set aside; None where neither does."""
    from fastcnn.data.readers import read_data

    if args.validation is None:
        return data.validation
    others = read_data(
        args.validation, readers, shape=data.images.shape[1:], classes=data.classes, skip_broken=args.skip_broken
    )
    return others.images, others.labels


def _say_what(args: argparse.Namespace, data: DataSet) -> None:
    shape = " x ".join(map(str, data.images.shape[1:]))
    tested = "no test part" if data.test is None else f"{len(data.test[0]):,} for the test"
    count, classes = len(data.images), len(data.classes)
    log.info("%s: %s pictures of %s classes, %s; %s", args.data, f"{count:,}", classes, shape, tested)
    if data.skipped:
        log.warning("skipped %s that cannot be read, first %s", counted(len(data.skipped), "file"), data.skipped[0])


def _fit(
    args: argparse.Namespace,
    network: Sequential,
    data: DataSet,
    validation: float | tuple[Array, Array] | None,
    checkpoint: Path,
    go_on: str,
    seed: int,
    team: Team,
) -> tuple[History, Array]:
    """Train; returns the history, and the numbers of the pictures that were set aside."""
    from fastcnn.training.samples import count_set_aside
    from fastcnn.zoo.own import own_recipe

    aside = validation if isinstance(validation, tuple) else None
    named = replace(data, validation=aside).named()  # a number would be a name where all names are integers
    count = len(data.images)
    if not isinstance(validation, tuple):
        count -= count_set_aside(validation, count)
    recipe = own_recipe(count, augment=args.augment)
    epochs, batch_size = args.epochs or recipe.epochs, args.batch_size or recipe.batch_size
    own = seed, checkpoint, args.resume, go_on, None, args.precision
    job = mnist.Job(network.name, recipe, epochs, batch_size, *own)
    chosen = validation if aside is None else named.validation
    trainer, history = mnist.fit(job, network, data.images, named.labels, validation=chosen, count=count, team=team)
    return history, trainer.held_out


def _measure(network: Sequential, data: DataSet, held_out: tuple[Array, Array]) -> _Measured:
    from fastcnn.metrics import evaluate
    from fastcnn.network.calibration import calibrated_slowly

    part, (images, labels) = ("validation", held_out) if data.test is None else ("test", data.test)
    if len(images) == 0:
        return _Measured("", None)
    return _Measured(part, evaluate(calibrated_slowly(network, images), labels, len(network.classes)))
