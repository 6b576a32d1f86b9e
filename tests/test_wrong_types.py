"""Every public entry point, called with a value of every wrong type in place of each argument.

The answer is a TypeError, a ValueError or a FastcnnError of one sentence that names the argument, and nothing has
changed; or the value is one that `tests.entry_points` says is right there.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from fastcnn import (
    kernels,
    threads,
)
from tests.entry_points import GROUPS, Entry
from tests.wrong_values import WRONG, complaint, like


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    """With the reference backend, which has nothing to compile: the checks are those of every backend."""
    monkeypatch.chdir(tmp_path)
    before, count = kernels.backend(), threads.threads()
    kernels.use("reference")
    yield
    kernels.use(before)
    threads.set_threads(count)


def same(first: list[Any], second: list[Any]) -> bool:
    pairs = zip(first, second, strict=True)
    return all(np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f") for a, b in pairs)


def failures(name: str, entry: Entry) -> list[str]:
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for parameter, good in entry.arguments.items():
            accepted = entry.accepts.get(parameter, set())
            for kind, value in (WRONG | like(good)).items():
                before = [np.copy(each) for each in entry.state()]
                trouble = ""
                try:
                    entry.call(**{**entry.arguments, parameter: value})
                    if kind not in accepted:
                        trouble = "it is taken"
                except Exception as error:
                    names = (parameter, *entry.names.get(parameter, ()))
                    trouble = complaint(error, names) or "it is refused, but stands among the right ones" * (
                        kind in accepted
                    )
                    if not trouble and not same(before, entry.state()):
                        trouble = "something has changed"
                if trouble:
                    found.append(f"{name}({parameter}={kind}): {trouble}")
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_every_wrong_value_is_refused_in_one_sentence_and_changes_nothing(group):
    found = [line for name, entry in GROUPS[group]().items() for line in failures(name, entry)]
    assert not found, f"{len(found)}:\n" + "\n".join(found)
