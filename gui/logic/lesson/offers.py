"""Epochs for the lesson's slider where the network in use kept none: one click trains a network that keeps them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fastcnn.gui.logic.folders import epochs_path
from fastcnn.gui.logic.shelf import shelved, short_name
from fastcnn.gui.logic.training import State, Training
from fastcnn.gui.logic.training_run import Curves


class Offer(NamedTuple):
    """What the page offers.

    state : of the training
    share : how much of it is done, 0 to 1
    name : of the newest network of the user whose epochs are kept; "" if there is none
    """

    state: State
    share: float
    name: str


class Offers:
    """The decisions.

    Parameters
    ----------
    training : the window's one training
    use : makes the network in a file the network in use
    in_use : gives the name or path of that one
    """

    def __init__(self, training: Training, use: Callable[[str], None], in_use: Callable[[], str]) -> None:
        self._training, self._use, self._in_use = training, use, in_use
        self._awaited: Curves | None = None  # of the training whose network is used once it is there

    def offer(self) -> Offer:
        """What can be offered now."""
        newest = self._newest()
        name = "" if newest is None else short_name(str(newest))
        return Offer(self._training.state, self._training.curves.share, name)

    def take(self) -> None:
        """Use a network that kept its epochs, or train one; a training that was paused or stopped goes on."""
        from fastcnn.zoo.networks import PAPER
        from fastcnn.zoo.recipes import RECIPES

        newest, training = self._newest(), self._training
        if training.state in (State.PAUSED, State.STOPPED):
            training.resume()
        elif newest is not None and not training.is_active:
            self._use(str(newest))
            return
        elif not training.is_active:
            training.start(RECIPES[PAPER].epochs)
        self._awaited = training.curves

    def trained(self, path: str) -> None:
        """A training is done."""
        if self._awaited is self._training.curves:
            self._awaited = None
            self._use(path)

    def _newest(self) -> Path | None:
        kept = [path for path in shelved() if epochs_path(path).is_file() and str(path) != self._in_use()]
        return max(kept, key=lambda path: epochs_path(path).stat().st_mtime_ns, default=None)
