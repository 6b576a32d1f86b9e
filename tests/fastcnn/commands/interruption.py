"""A Ctrl-C in a training of this process."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fastcnn.training.trainer import Trainer


@contextmanager
def interrupted_after(epochs: int) -> Iterator[None]:
    """The trainings in here are interrupted at the beginning of the next epoch after so many of all of them."""
    run_epoch, left = Trainer._run_epoch, iter(range(epochs))

    def run_one_epoch(*args):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return run_epoch(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_run_epoch", run_one_epoch)
        yield
