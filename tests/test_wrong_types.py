"""Every public entry point, called with a value of every wrong type in place of each argument.

The answer is a TypeError, a ValueError or a FastcnnError of one sentence that names the argument, and nothing has
changed; or the value is one that `tests.entry_points` says is right there.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import kernels, layers, metrics, optim, threads
from fastcnn.data import readers
from fastcnn.network import calibration, committee, losses, sequential
from fastcnn.optim import schedules
from fastcnn.recognition import picture_classifier, recognizer
from fastcnn.training import augment, callbacks, finder, trainer
from fastcnn.zoo import families, networks, own
from tests.entry_points import GROUPS, Entry, entries
from tests.wrong_values import WRONG, complaint, like

MODULES = (
    augment, calibration, callbacks, committee, families, finder, kernels, layers, losses, metrics, networks, optim,
    own,
    picture_classifier, readers, recognizer, schedules, sequential, threads, trainer,
)  # fmt: skip

# What needs no row of its own, and why.
COVERED = {
    "check": "in tests/fastcnn/checking/test_check.py: what is right here takes its time",
    "Optimizer": "abstract: each of the seven has rows",
    "Optimizer.lr": "in the rows of the seven",
    "Optimizer.update": "in the rows of the seven",
    "Optimizer.follow": "in the rows of the seven",
    "Optimizer.load_state_arrays": "in the rows of the seven",
    "Augmentation.numbers": "called by apply, with its arguments",
    "calibrated_until_sure": "calls calibrated with its images; the recognizer's own constant is its probability",
    "Sequential.loss_and_gradients_of": "takes a batch on a GPU, which its maker has checked",
    "Sequential.average_in": "called by ExponentialMovingAverage",
    "uniform": "called by augmentation, with checked numbers",
    "leader": "called by the window and the commands, with a network that was loaded",
    "CrossEntropy.targets_of": "called by the trainer, with checked pictures",
    "CrossEntropy.check_targets": "called by value_and_gradient, with its arguments",
    "CrossEntropy.for_classes": "in its row",
    "CrossEntropy.run": "called by a network, with checked arguments",
    "CrossEntropy.run_part": "called by a network, with checked arguments",
    "CrossEntropy.weight_of": "called by a network, with checked arguments",
    "Dataset": "a protocol",
    "loss_or_cross_entropy": "called by the trainer and the network, which have rows",
    "Evaluation": "a record",
    "Classification": "a record",
    "prepares_by_size": "called with a network that was loaded",
    "scales_pictures": "called by load_data, with a checked path",
    "read_data": "called by load_data, with its arguments",
    "Named": "a record",
    "Signal": "a record",
    "Residual": "takes any number of layers: in tests/fastcnn/network/test_branched.py",
    "Concat": "takes any number of branches: in the same file",
    "plain": "called by layers while they are built; their network checks what comes out",
    "Declaration": "a record",
    "image_shape": "called by layers while they are built",
    **{
        f"{kind}{method}": "called by Trainer.fit with its own records"
        for kind, methods in {
            "ReduceLROnPlateau": (".on_epoch_end",),
            "EarlyStopping": (".on_resume", ".on_epoch_end"),
            "BestWeights": (".on_start", ".on_epoch_end"),
            "CSVLog": (".on_start", ".on_epoch_end"),
        }.items()
        for method in methods
    },
    "Training": "a record",
    "LearningRates": "a record",
    "Classifier": "a protocol",
    "Classifier.check_images": "a protocol",
    "Classifier.forward": "a protocol",
}


@pytest.fixture(autouse=True)
def reference_backend(tmp_path, monkeypatch) -> Iterator[None]:
    """In a folder of its own, with the reference backend, which has nothing to compile: all have the same checks."""
    monkeypatch.chdir(tmp_path)
    before, count = kernels.backend(), threads.threads()
    kernels.use("reference")
    yield
    kernels.use(before)
    threads.set_threads(count)


def same(first: list[Any], second: list[Any]) -> bool:
    pairs = zip(first, second, strict=True)
    return all(np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f") for a, b in pairs)


def answer(entry: Entry, parameter: str, value: Any, right: bool) -> str:
    """What is wrong with the answer to one value; "" if nothing is."""
    before = [np.copy(each) for each in entry.state()]
    try:
        entry.call(**{**entry.arguments, parameter: value})
    except Exception as error:
        if right:
            return f"it is right here, but refused: {error}"
        changed = "" if same(before, entry.state()) else "something has changed"
        return complaint(error, (parameter, *entry.names.get(parameter, ()))) or changed
    return "" if right else "it is taken"


def failures(name: str, entry: Entry) -> list[str]:
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for parameter, good in entry.arguments.items():
            for kind, value in (WRONG | like(good)).items():
                if kind not in entry.elsewhere.get(parameter, set()):
                    trouble = answer(entry, parameter, value, kind in entry.accepts.get(parameter, set()))
                    found += [f"{name}({parameter}={kind}): {trouble}"] * bool(trouble)
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_every_wrong_value_is_refused_in_one_sentence_and_changes_nothing(group, tmp_path):
    rows = entries(group, tmp_path)
    found = [line for name, entry in rows.items() for line in failures(name, entry)]
    assert not found, f"{len(found)}:\n" + "\n".join(found)


@pytest.mark.parametrize("group", GROUPS)
def test_the_calls_that_are_varied_are_right_themselves(group, tmp_path):
    for entry in entries(group, tmp_path).values():
        entry.call(**entry.arguments)


def test_every_entry_point_has_a_row(tmp_path):
    rows = {name.partition(",")[0] for group in GROUPS for name in entries(group, tmp_path)}
    public = {name for module in MODULES for name in _public(module)}
    public |= {name for name in fastcnn.__all__ if callable(getattr(fastcnn, name))}
    assert sorted(public - rows - set(COVERED)) == []
    assert sorted(set(COVERED) - public) == []  # no row of this table is stale


def _public(module: ModuleType) -> Iterator[str]:
    """Functions, classes and methods that take arguments, of a module's `__all__` or, where it has none, its own."""
    for name in getattr(module, "__all__", vars(module)):
        value = getattr(module, name)
        own = hasattr(module, "__all__") or getattr(value, "__module__", None) == module.__name__
        called = inspect.isfunction(value) or (inspect.isclass(value) and not issubclass(value, Exception))
        if name.startswith(("_", "check_")) or not own or not called or not _takes_arguments(value):
            continue
        yield name
        if inspect.isclass(value) and not issubclass(value, layers.Layer):  # their networks run layers
            yield from (f"{name}.{method}" for method in _methods(value))


def _methods(kind: type) -> Iterator[str]:
    for name, member in vars(kind).items():
        settable = isinstance(member, property) and member.fset is not None
        method = inspect.isfunction(member) or isinstance(member, classmethod)
        if not name.startswith("_") and (settable or (method and _takes_arguments(getattr(kind, name), 1))):
            yield name


def _takes_arguments(call: Any, least: int = 0) -> bool:
    return len(inspect.signature(call).parameters) > (least if not inspect.ismethod(call) else 0)
