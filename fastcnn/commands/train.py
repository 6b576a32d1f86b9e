"""The command `train`: train one network, or a committee one member after the other, and go on after an interruption.

Each network has a checkpoint next to the weights file that the command will write. The checkpoints of a committee stay
until all members are trained: after an interruption, finished members are read from their checkpoints.
"""

from __future__ import annotations

import argparse
import logging
import shlex
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from fastcnn.commands.common import data_files, prepare, print_result, set_precision
from fastcnn.commands.locks import held
from fastcnn.commands.outputs import Output, check_outputs, check_writable, json_output, write_json
from fastcnn.commands.team import Team
from fastcnn.errors import FastcnnError, UsageError
from fastcnn.ours import CHECKPOINT, NETWORK
from fastcnn.zoo.bundled import SUFFIX

if TYPE_CHECKING:
    from fastcnn.arrays import Array
    from fastcnn.network.committee import Network
    from fastcnn.network.sequential import Sequential
    from fastcnn.training.checkpoint import Checkpoint
    from fastcnn.training.history import History
    from fastcnn.training.samples import Labels
    from fastcnn.training.sources import Validation
    from fastcnn.training.trainer import Trainer
    from fastcnn.zoo.recipes import Recipe

CHECKPOINT_SUFFIX = ".checkpoint.safetensors"
EPOCHS_SUFFIX = ".epochs"
THRESHOLD_DIGITS = 10_000
DIES_WITHIN_S = 10.0  # a process whose death is known still holds its files for a moment
VALIDATION_SHARE = 12  # one picture in 12 is for validation, like 5,000 of MNIST's 60,000

log = logging.getLogger("fastcnn")


@dataclass(frozen=True)
class Job:
    """One network to train."""

    model: str
    recipe: Recipe
    epochs: int
    batch_size: int
    seed: int
    checkpoint: Path
    resume: Path | None
    go_on: str  # the arguments of the command that goes on after an interruption
    epochs_file: Path | None = None  # for the weights of each epoch
    precision: str | None = None


def checkpoints_of(out: Path, members: int) -> list[Path]:
    """Where a network's checkpoint is, or those of so many members."""
    if members == 1:
        return [out.with_name(out.stem + CHECKPOINT_SUFFIX) if out.name else out]
    return [out.with_name(f"{out.stem}.{number}{CHECKPOINT_SUFFIX}") for number in range(1, members + 1)]


def find_checkpoint(given: str) -> tuple[Path, bool]:
    """The checkpoint that --resume means, and whether it is that of a committee's first member.

    It is `given` itself, or the file next to the weights file `given` that the training would have written.
    """
    path = Path(given)
    if path.name and not path.name.endswith(CHECKPOINT_SUFFIX):
        (alone,), (first, *_) = checkpoints_of(path, 1), checkpoints_of(path, 2)
        if alone.is_file() or first.is_file():
            return (alone, False) if alone.is_file() else (first, True)
    if path.is_file():
        return path, False
    raise FastcnnError(f"--resume {given}: there is no checkpoint; leave out --resume to start afresh")


def check_earlier(out: Path, checkpoints: list[Path], args: argparse.Namespace, go_on: str) -> None:
    """Refuse what would destroy a finished network, or the only trace of an interrupted training."""
    from fastcnn.training.checkpoint import load_checkpoint

    if out.exists() and out.stat().st_size and not args.overwrite:
        raise UsageError(f"--out {out} is a finished network; add --overwrite to replace it, or choose another name")
    if args.resume is not None and args.resume.resolve() in [path.resolve() for path in checkpoints]:
        return
    for checkpoint in checkpoints:
        try:
            epochs_done = load_checkpoint(checkpoint).epoch if checkpoint.exists() else 0
        except FastcnnError:  # it is damaged, so nothing is lost
            continue
        if epochs_done > 0:
            raise FastcnnError(
                f"{checkpoint} keeps an interrupted training; go on with fastcnn train {go_on}, "
                "or delete it to start afresh"
            )


def free_name(model: str) -> Path:
    """NAME.safetensors in this folder, with a number where a finished network has that name."""
    names = (f"{model}-{number}{SUFFIX}" for number in count(2))
    return next(path for path in map(Path, chain([f"{model}{SUFFIX}"], names)) if not path.exists())


def fill_from_checkpoint(args: argparse.Namespace, checkpoint: Checkpoint, committee: str | None) -> None:
    """Options that were left out are those of the interrupted training."""
    settings = checkpoint.settings
    if args.model is None:
        args.model = committee or settings.get("network", {}).get("name")  # the name of its recipe: see `_train`
    for name in ("epochs", "seed", "batch_size", "precision"):
        if getattr(args, name) is None:
            setattr(args, name, settings.get(name))
    if args.out is None:
        args.out = str(args.resume).removesuffix(CHECKPOINT_SUFFIX) + ".safetensors"


def go_on_with(args: argparse.Namespace, out: Path, checkpoint: Path | None) -> str:
    """The arguments that go on with this training; those that its checkpoint keeps are left out. None: a committee."""
    words = ["--resume", str(checkpoint or out)]
    if checkpoint is not None and out.suffix != SUFFIX:  # the suffix of a file that is written without --out
        words += ["--out", str(out)]
    if args.recipe == "bundled":
        words += ["--recipe", args.recipe]
    for name in ("data", "network", "validation", "size", "data_dir", "backend"):
        if getattr(args, name) is not None:
            words += [f"--{name.replace('_', '-')}", str(getattr(args, name))]
    words += [] if args.ranks is None else ["--ranks", str(args.ranks), *["--survive"] * args.survive]
    words += ["--keep-epochs"] * args.keep_epochs
    words += ["--augment"] * args.augment + ["--skip-broken"] * args.skip_broken
    return shlex.join(words + ["--overwrite"] * args.overwrite)


def print_next(out: Path, data: str = "") -> None:
    """The commands that a user may want after a training; `data` are more arguments of `evaluate`."""
    plain = out.parent == Path() and (not out.suffix or out.name.startswith("-"))  # might mean something else
    word = shlex.quote(f"./{out}" if plain else str(out))
    print(f"next: fastcnn evaluate {word}{data}\n      fastcnn predict PICTURE... --model {word}")


def choose_out(args: argparse.Namespace, name: str) -> Path:
    """The weights file to write: that of --out, or one in this folder."""
    if args.out is not None:
        return Path(args.out)
    return Path(f"{name}{SUFFIX}") if args.overwrite else free_name(name)


@contextmanager
def writing(
    args: argparse.Namespace,
    out: Path,
    checkpoints: list[Path],
    go_on: str,
    read: Iterable[Path | str | None],
    team: Team,
) -> Iterator[None]:
    """Hold the files of a training, once it is sure that nothing of value is destroyed; `read` are its inputs.

    The process that leads a team holds them, and the one that leads it later if that dies.
    """
    if not team.leads:
        prepare(args)
        with ExitStack() as locks:
            team.when_leading(lambda: locks.enter_context(held([out, *checkpoints], timeout_s=DIES_WITHIN_S)))
            yield
        return
    outputs = [Output("--out", out, NETWORK), *(Output("--out", path, CHECKPOINT) for path in checkpoints)]
    going_on = args.resume is not None and args.resume.resolve() in [path.resolve() for path in checkpoints]
    resumed = None if going_on else args.resume  # one training may read and write a checkpoint, but no other file
    check_writable(out, "--out", special=False)
    with held([out, *checkpoints]):
        check_outputs([*outputs, *json_output(args.json)], [resumed, *read])
        check_earlier(out, checkpoints, args, go_on)
        prepare(args)
        yield


def fit(
    job: Job, network: Sequential, images: Array, labels: Labels, *, validation: Validation, count: int, team: Team
) -> tuple[Trainer, History]:
    """Train one network on `count` of the pictures. After an interruption a sentence says how to go on."""
    from fastcnn.training.epochs import KeepEpochs

    set_precision(network, job.precision)
    trainer = job.recipe.trainer(network, team.communicator)
    team.note_go_on(job.go_on)
    with _saying_how_to_go_on(job):
        history = trainer.fit(
            images, labels, epochs=job.epochs, batch_size=job.batch_size,
            schedule=job.recipe.schedule(job.epochs, count, job.batch_size), validation=validation, seed=job.seed,
            keep_last=job.recipe.keep_last, checkpoint=job.checkpoint, resume=job.resume,
            callbacks=[
                *([] if job.epochs_file is None else [KeepEpochs(job.epochs_file)]),
                *([partial(team.report, trainer)] if team.profiles else []),
            ],
        )  # fmt: skip
    return trainer, history


@contextmanager
def _saying_how_to_go_on(job: Job) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        kept = f"; go on with fastcnn train {job.go_on}" if job.checkpoint.exists() else ""
        raise FastcnnError(f"training was interrupted{kept}") from None


def _jobs(args: argparse.Namespace) -> tuple[str, Path, list[Job]]:
    """The model, the file to write, and the networks to train for it."""
    from fastcnn.training.checkpoint import load_checkpoint
    from fastcnn.zoo.networks import COMMITTEE, COMMITTEE_OF, NAMED, PAPER
    from fastcnn.zoo.recipes import BUNDLED_RECIPES, RECIPES

    if args.resume is not None:
        given = args.resume
        args.resume, of_committee = find_checkpoint(given)
        if of_committee and args.out is None:
            args.out = given
        fill_from_checkpoint(args, load_checkpoint(args.resume), COMMITTEE if of_committee else None)
    model, seed = PAPER if args.model is None else args.model, args.seed or 0
    recipes = BUNDLED_RECIPES if args.recipe == "bundled" else RECIPES
    if model in BUNDLED_RECIPES and model not in recipes:
        raise UsageError(f"--model {model} has one recipe only; add --recipe bundled")
    if model not in (*recipes, COMMITTEE):
        raise UsageError(f"there is no model {model!r} to train; choose from {', '.join((*recipes, COMMITTEE))}")
    members = NAMED[model].members
    if args.keep_epochs and members > 1:
        raise UsageError("--keep-epochs is for one network; a committee's members are trained one after the other")
    name = COMMITTEE_OF if model == COMMITTEE else model
    recipe = recipes[name]
    out = choose_out(args, model)
    checkpoints = checkpoints_of(out, members)
    jobs = []
    for number, checkpoint in enumerate(checkpoints):
        resume = args.resume
        if members > 1 and resume is not None:
            resume = checkpoint if checkpoint.exists() else None
        go_on = go_on_with(args, out, checkpoint if members == 1 else None)
        epochs, batch_size = args.epochs or recipe.epochs, args.batch_size or recipe.batch_size
        kept = out.with_suffix(EPOCHS_SUFFIX) if args.keep_epochs else None
        own = seed + number, checkpoint, resume, go_on, kept, args.precision
        jobs.append(Job(name, recipe, epochs, batch_size, *own))
    return model, out, jobs


def _train(job: Job, images: Array, labels: Array, team: Team, *, calibrate: bool) -> tuple[Sequential, History]:
    """Train one network by its recipe."""
    import numpy as np

    from fastcnn.training.batchnorm_statistics import settle_statistics
    from fastcnn.training.samples import VALIDATION_PICTURES
    from fastcnn.zoo.networks import NAMED

    network = NAMED[job.model].make(seed=job.seed)
    network.name = job.model  # two recipes may train one network
    network.views = job.recipe.views
    digits = len(images)
    images, labels = job.recipe.mix(images, labels, job.seed)
    validation = min(VALIDATION_PICTURES, len(images) // VALIDATION_SHARE)
    count = len(images) - validation
    trainer, history = fit(job, network, images, labels, validation=validation, count=count, team=team)
    if not team.may_finish:
        return network, history
    again = None
    if job.recipe.then is not None:
        again = _train_again(network, job, job.recipe.then, (images, labels, digits, trainer.held_out))
    if job.recipe.settle:
        settle_statistics(network, np.delete(images, trainer.held_out, axis=0) if again is None else again)
    if job.recipe.refused:
        _fit_threshold(network, job, images[trainer.held_out], labels[trainer.held_out])
    elif calibrate and len(trainer.held_out):
        _calibrate(network, job, images, labels, trainer.held_out)
    return network, history


def _train_again(network: Sequential, job: Job, recipe: Recipe, first: tuple[Array, Array, int, Array]) -> Array:
    """The second training of a recipe, on one process; returns its pictures. `first`: see `Recipe.mix_again`.

    The weights become a mean of those before and after, which read unusual hands, and the others as well as before
    (Wortsman et al., Robust fine-tuning of zero-shot models, 2022). After an interruption only this one begins again.
    """
    log.info("a second training follows, with unusual hands and pictures of forms too")
    with _saying_how_to_go_on(job):
        images, labels = job.recipe.mix_again(*first, job.seed)
        before = network.values.copy()
        recipe.trainer(network).fit(
            images, labels, epochs=recipe.epochs, batch_size=job.batch_size, validation=0, seed=job.seed,
            schedule=recipe.schedule(recipe.epochs, len(images), job.batch_size), keep_last=recipe.keep_last,
        )  # fmt: skip
    network.values = (1 - recipe.share) * before + recipe.share * network.values
    return images


def _calibrate(network: Sequential, job: Job, images: Array, labels: Array, held_out: Array) -> None:
    """Fit the temperature on the pictures set aside and, after a second training, on its share of unusual hands too.

    Without them a network was surer of an unusual hand than it may be. No training has seen these pictures.
    """
    import numpy as np

    from fastcnn.handwriting.synthesis.digits import synthetic_digits
    from fastcnn.network.calibration import calibrate

    then = job.recipe.then
    count = 0 if then is None else len(held_out) * then.synthetic // len(images)
    more, digits = synthetic_digits(count, seed=job.seed + 1, varied=True)
    calibrate(network, np.concatenate([images[held_out], more]), np.concatenate([labels[held_out], digits]))


def _fit_threshold(network: Sequential, job: Job, images: Array, labels: Array) -> None:
    """Fit the temperature of a network that refuses, and its threshold on the validation digits and more pen digits."""
    import numpy as np

    from fastcnn.digits import CLASSES
    from fastcnn.handwriting.synthesis.digits import synthetic_digits
    from fastcnn.network.calibration import calibrate
    from fastcnn.recognition import refusal

    calibrate(network, images, labels)
    more, _ = synthetic_digits(THRESHOLD_DIGITS, seed=job.seed + 1, varied=job.recipe.varied)
    digits = np.concatenate([images[labels < CLASSES], more])
    refusal.fit_threshold(network, digits, job.recipe.refused)


def train(args: argparse.Namespace, team: Team) -> None:
    """Train a network or a committee by its recipe, save it, then test it."""
    args, model, out, jobs = team.from_first(lambda: (args, *_jobs(args)))
    checkpoints = [job.checkpoint for job in jobs]
    with writing(args, out, checkpoints, jobs[0].go_on, data_files(args.data_dir), team):
        if args.out is None and out != Path(f"{model}{SUFFIX}"):
            log.info("%s%s stays as it is; this training goes to %s", model, SUFFIX, out)
        _train_all(model, out, jobs, args, team)


def _train_all(model: str, out: Path, jobs: list[Job], args: argparse.Namespace, team: Team) -> None:
    from fastcnn.data.load import load_mnist
    from fastcnn.metrics import evaluate
    from fastcnn.network.calibration import calibrated_slowly
    from fastcnn.network.committee import Committee
    from fastcnn.recognition.refusal import of_digits

    training, test = team.readers().once(partial(load_mnist, normalize=False, data_dir=args.data_dir))
    trained = [_train(job, *training, team, calibrate=args.recipe == "bundled") for job in jobs]
    if not team.finishes:
        return
    networks, histories = [network for network, _ in trained], [history for _, history in trained]
    whole: Network = networks[0] if len(networks) == 1 else Committee(networks, name=model)
    whole.save(out)
    result = evaluate(of_digits(calibrated_slowly(whole, test[0])), test[1])
    validated = [each.validation_accuracy for each in histories if each.validation_accuracy is not None]
    write_json(
        args.json,
        {
            "model": model,
            "seed": jobs[0].seed,
            "epochs": jobs[0].epochs,
            "train_seconds": sum(history.train_seconds for history in histories),
            "images_per_second": mean(history.images_per_second for history in histories),
            "validation_accuracy": mean(validated) if validated else None,
            "test_accuracy": result.accuracy,
            "mean_confidence": result.mean_confidence,
            "per_digit_accuracy": list(result.per_digit_accuracy),
        },
    )
    for job in jobs:
        job.checkpoint.unlink(missing_ok=True)
    best = ", ".join(str(history.best_epoch) for history in histories)
    if jobs[0].epochs_file is not None:
        log.info("kept the weights of the epochs in %s", jobs[0].epochs_file)
    print_result(f"saved {out}: {model}, seed {jobs[0].seed}, kept epoch {best} of {jobs[0].epochs}", result)
    if not jobs[0].recipe.refused:  # that network is part of the others' reading
        print_next(out)
