"""What the lesson's page shows, and the functions of the page that the teacher needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fastcnn.gui.logic.lesson import backward
from fastcnn.gui.logic.lesson.colors import Scale
from fastcnn.gui.logic.lesson.pixels import Flips
from fastcnn.gui.logic.lesson.stages import Stage


@dataclass(frozen=True)
class Place:
    """What is shown of the open station.

    index : the station
    unit : the filter, map or output
    row, column : the place in the map
    channel : the input channel, of a convolution with several
    """

    index: int = 0
    unit: int = 0
    row: int = 0
    column: int = 0
    channel: int = 0


@dataclass(frozen=True)
class Network:
    """What the page says about the network in use.

    members : of a committee, whose first member is shown; 1 for a network
    temperature : by which the recognizer divides the scores
    """

    members: int = 1
    temperature: float = 1.0


@dataclass(frozen=True, eq=False)
class Shown:
    """All that the page needs: the stations, what is open, the picture and what is known about it.

    before : the softmax of the unchanged picture, if pixels were changed
    rival : the stations of the same picture in a second network, to compare with; empty without one
    """

    stages: list[Stage]
    place: Place
    flips: Flips
    truth: int | None
    scale: Scale
    before: Stage | None
    network: Network
    rival: list[Stage]

    @property
    def stage(self) -> Stage:
        """The open station."""
        return self.stages[self.place.index]

    @property
    def next_stage(self) -> Stage | None:
        """The station after the open one."""
        return self.stages[self.place.index + 1] if self.place.index + 1 < len(self.stages) else None

    @property
    def label(self) -> int:
        """The true digit, or the network's answer where it is not known."""
        return int(self.stages[-1].out.argmax()) if self.truth is None else self.truth


class LessonView(Protocol):
    """The functions of the page that the teacher needs."""

    def show_lesson(self, shown: Shown | None) -> None: ...
    def show_epochs(self, epochs: tuple[int, ...], accuracies: tuple[float | None, ...], position: int) -> None: ...
    def show_learned(self, learned: backward.Learned | None) -> None: ...
    def show_playing(self, plays: bool) -> None: ...
    def show_search(self, share: float | None) -> None: ...
