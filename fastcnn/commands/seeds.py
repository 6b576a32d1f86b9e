"""The command `train --seeds`: one training for each seed, several at a time."""

from __future__ import annotations

import argparse
import copy
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from fastcnn.commands import own_data
from fastcnn.commands.outputs import check_outputs, json_output, write_json
from fastcnn.errors import FastcnnError, UsageError
from fastcnn.zoo.bundled import SUFFIX
from fastcnn.zoo.networks import PAPER

OWN = ("--seeds", "--seed", "--out", "--json", "--threads")  # options that each training gets a value of its own for

log = logging.getLogger("fastcnn")


def train(args: argparse.Namespace) -> bool:
    """Train with each seed on this host, one process each; as many at a time as its cores and --threads allow."""
    from fastcnn.kernels.threads import physical_cores

    _check(args)
    threads = args.threads or 1
    at_once = max(1, physical_cores() // threads)
    log.info("%d trainings, %d at a time, %d threads each", len(args.seeds), min(at_once, len(args.seeds)), threads)
    words = without_own(args.words)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        files = [Path(folder) / str(seed) for seed in args.seeds]
        ran = [
            pool.submit(
                _run, [*words, "--seed", str(seed), "--out", str(out_of(args, seed)), "--threads", str(threads)], file
            )
            for seed, file in zip(args.seeds, files, strict=True)
        ]
        wrong = [f"seed {seed}: {each.result()}" for seed, each in zip(args.seeds, ran, strict=True) if each.result()]
        _report(args, [json.loads(file.read_text()) for file in files if file.exists()])
    if wrong:
        raise FastcnnError("{wrong}", wrong="; ".join(wrong))
    return True


def train_by_ranks(args: argparse.Namespace, world: Any) -> None:
    """The same by the ranks of a job, each alone on its share of the seeds."""
    rank, size = world.Get_rank(), world.Get_size()
    if rank == 0:
        _check(args)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in args.seeds[rank::size]:
            own = copy.copy(args)
            own.seed, own.seeds, own.ranks, own.out = seed, None, None, str(out_of(args, seed))
            own.json = str(Path(folder) / "result.json")
            own_data.train(own)
            found.append(json.loads(Path(own.json).read_text()))
    every = world.gather(found, root=0)
    if rank == 0:
        _report(args, [each for part in every for each in part])


def out_of(args: argparse.Namespace, seed: int) -> Path:
    """The weights file of one seed."""
    out = Path(args.out or f"{args.model or (Path(args.data).stem if args.data else PAPER)}{SUFFIX}")
    return out.with_name(f"{out.stem}.seed{seed}{out.suffix}")


def without_own(words: Sequence[str]) -> list[str]:
    """The words of a command line without the options in OWN and their values."""
    kept, skips = [], False
    for word in words:
        if skips:
            skips = False
        elif word in OWN:
            skips = True
        elif not word.startswith(tuple(f"{name}=" for name in OWN)):
            kept.append(word)
    return kept


def _check(args: argparse.Namespace) -> None:
    for name in ("seed", "resume"):
        if getattr(args, name) is not None:
            raise UsageError(f"--{name} is for one training; leave it out with --seeds")
    check_outputs(json_output(args.json))


def _run(words: list[str], file: Path) -> str:
    """One training in a process of its own; "" or what went wrong."""
    command = [sys.executable, "-m", "fastcnn", *words, "--json", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode == 0:
        log.info("%s", ran.stdout.splitlines()[0] if ran.stdout else "trained")
        return ""
    return (ran.stderr.splitlines() or [f"exit status {ran.returncode}"])[-1].removeprefix("fastcnn: ")


def _report(args: argparse.Namespace, results: list[dict[str, Any]]) -> None:
    """Print and write the spread of the trainings that were done."""
    results = sorted(results, key=lambda each: int(each["seed"]))
    measured = [each["test_accuracy"] for each in results if each["test_accuracy"] is not None]
    spread = stdev(measured) if len(measured) > 1 else None
    write_json(
        args.json,
        {
            "seeds": [each["seed"] for each in results],
            "test_accuracy_mean": mean(measured) if measured else None,
            "test_accuracy_sd": spread,
            "trainings": results,
        },
    )
    for each in results:
        accuracy = each["test_accuracy"]
        print(
            f"seed {each['seed']}: " + ("no test part" if accuracy is None else f"{accuracy:.2%} of the test pictures")
        )
    if spread is not None:
        print(f"mean {mean(measured):.3%}, standard deviation {spread:.3%}")
