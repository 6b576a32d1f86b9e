"""Decide what the lesson's page shows: the picture's way through the network, one station, one place, one epoch.

Every look has a number, and an old one is dropped. So the stations always belong to the picture and the epoch shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fastcnn.gui.logic.folders import EPOCHS_SUFFIX, epochs_path
from fastcnn.gui.logic.jobs import Jobs
from fastcnn.gui.logic.lesson import backward
from fastcnn.gui.logic.lesson.colors import Scale
from fastcnn.gui.logic.lesson.pixels import Field, Flips, Fooling, find_fooling, opposite
from fastcnn.gui.logic.lesson.shown import LessonView, Network, Place, Shown
from fastcnn.gui.logic.lesson.stages import Kind, Stage, look
from fastcnn.gui.logic.lesson.twin import twin
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.gui.logic.search import Search
from fastcnn.gui.logic.turns import Between, Turns

if TYPE_CHECKING:
    from fastcnn.network.committee import Network as Engine
    from fastcnn.network.sequential import Sequential
    from fastcnn.training.epochs import Epochs


class _Pair(NamedTuple):
    """A network and its twin, which lessons look at and teach."""

    network: Sequential
    twin: Sequential


class _Seen(NamedTuple):
    """What a look gives."""

    pair: _Pair
    stages: list[Stage]
    before: Stage | None
    about: Network
    rival: Sequential | None
    rival_stages: list[Stage]


class Teacher:
    """The decisions.

    Parameters
    ----------
    network : gives the network in use; slow, so it is called in a job
    load : reads another network by its name or path; slow too
    ready : see `Networks.ready`
    turns : what takes longer than a look is done in the background, in pieces
    """

    def __init__(
        self,
        view: LessonView,
        jobs: Jobs,
        network: Callable[[], Engine],
        load: Callable[[str], Engine],
        *,
        tell: Callable[[Message], None],
        ready: Callable[[Callable[[], None]], None],
        turns: Turns,
    ) -> None:
        self._view, self._jobs, self._network, self._load, self._tell = view, jobs, network, load, tell
        self._ready, self._turns = ready, turns
        self._search = Search(jobs, turns, lambda share: view.show_search(share))
        self._seeks = False  # whether the one pixel is searched for after the look that is on its way
        self._newest = 0
        self._about = Network()
        self._rival_model = ""
        self._rival: Sequential | None = None
        self._rival_stages: list[Stage] = []
        self._pair: _Pair | None = None  # of the network in use, or of its epoch, once a look has made it
        self._epochs: Epochs | None = None
        self._position = 0
        self._flips: Flips | None = None
        self._truth: int | None = None
        self._stages: list[Stage] = []
        self._before: Stage | None = None
        self._place = Place()
        self._wanted: tuple[Kind | None, Place] | None = None
        self.scale = Scale.OWN
        self.rate = backward.DEFAULT_RATE
        self.plays = False

    @property
    def shown(self) -> Shown | None:
        """What the page shows; None without a picture, or before the first look."""
        if not self._stages or self._flips is None:
            return None
        return Shown(
            self._stages, self._place, self._flips, self._truth, self.scale, self._before, self._about,
            self._rival_stages,
        )  # fmt: skip

    def show(self, field: Field | None, truth: int | None) -> None:
        """Show another picture (28, 28), values from 0 to 1, and its true digit if that is known."""
        self.stop()
        if field is None:
            self._next()
            self._flips, self._stages, self._rival_stages = None, [], []
            self._view.show_lesson(None)
            return
        if self._flips is not None and np.array_equal(self._flips.original, field.astype(np.float32)):
            self._truth = truth
            self._refresh()
            return
        self._seeks = False
        self._flips, self._truth = Flips(field.astype(np.float32)), truth
        self._look()

    def wait(self) -> None:
        """Another network is in use, and `network_changed` will be called. What is asked for until then is about it."""
        self._next()
        self._pair = None

    def network_changed(self, epochs: Epochs | None = None) -> None:
        """Another network is in use. `epochs` are those that its training kept."""
        self.use_epochs(epochs)

    def use_epochs(self, epochs: Epochs | None) -> None:
        """Offer the epochs of a training. The last one is shown as the network in use itself."""
        self._epochs, self._pair = epochs, None
        numbers = () if epochs is None else epochs.epochs
        self._position = max(0, len(numbers) - 1)
        self._view.show_epochs(numbers, () if epochs is None else epochs.accuracies, self._position)
        self._look()

    def set_epoch(self, position: int) -> None:
        """Show the network as it was after an epoch; `position` counts the kept ones."""
        if self._epochs is None or position == self._position:
            return
        self._position, self._pair = position, None
        self._look()

    def open(self, index: int) -> None:
        """Open a station, now or after the first look. The place in the maps stays, as far as the station has it."""
        if self._stages:
            self._choose(replace(self._place, index=index))
        else:
            self._place = Place(index)

    def step(self, by: int) -> None:
        """Open the station after this one, or the one before."""
        if self._stages:
            self.open(min(max(self._place.index + by, 0), len(self._stages) - 1))

    def unit(self, by: int) -> None:
        """Show another filter, map or output; after the last comes the first. On the picture, go to another row."""
        if self._stages and self._stages[self._place.index].kind is Kind.PICTURE:
            self.move(self._place.row + by, self._place.column)
        elif self._stages:
            count = len(self._stages[self._place.index].out)
            self._choose(replace(self._place, unit=(self._place.unit + by) % count))

    def choose_unit(self, unit: int) -> None:
        """Show this filter, map or output."""
        self._choose(replace(self._place, unit=unit))

    def channel(self, by: int) -> None:
        """Show another input channel of a convolution."""
        self._choose(replace(self._place, channel=self._place.channel + by))

    def move(self, row: int, column: int) -> None:
        """Show another place of the map."""
        self._choose(replace(self._place, row=row, column=column))

    def advance(self, by: int = 1) -> bool:
        """Show the next place of the map, row by row, or the next output. Returns whether there was one."""
        shown = self.shown
        if shown is None:
            return False
        place, stage = self._place, shown.stage
        if stage.out.ndim == 3:
            _, height, width = stage.out.shape
            at = place.row * width + place.column + by
            if 0 <= at < height * width:
                self.move(*divmod(at, width))
                return True
        elif 0 <= place.unit + by < len(stage.out):
            self.unit(by)
            return True
        self.stop()
        return False

    def play(self) -> None:
        """Start playing, or stop."""
        if self.plays:
            self.stop()
        elif self._stages:
            self.plays = True
            self._view.show_playing(True)

    def stop(self) -> None:
        """Stop playing."""
        if self.plays:
            self.plays = False
            self._view.show_playing(False)

    def set_scale(self, scale: Scale) -> None:
        """Choose which numbers share one scale of colours."""
        self.scale = scale
        self._refresh()

    def flip(self, row: int, column: int) -> None:
        """Flip a pixel of the picture and look again."""
        self._change(lambda flips: flips.flip(row, column))

    def flip_here(self) -> None:
        """Flip the pixel in the frame, if the picture is open."""
        if self._stages and self._stages[self._place.index].kind is Kind.PICTURE:
            self.flip(self._place.row, self._place.column)

    def undo(self) -> None:
        """Take back the last changed pixel."""
        self._change(Flips.undo)

    def redo(self) -> None:
        """Change the pixel again that was taken back last."""
        self._change(Flips.redo)

    def reset(self) -> None:
        """Show the picture as it was."""
        self._change(Flips.reset)

    def fool(self) -> None:
        """Find the pixel after whose change the network doubts its answer most, and change it."""
        self._ready(self._fool)

    def _fool(self) -> None:
        flips, pair = self._flips, self._pair
        if flips is None:
            return
        self._seeks = pair is None
        if pair is None:
            return  # the look that is on its way goes on with this
        field = flips.field

        def find(between: Between) -> Fooling:
            # Not the twin: these are 785 pictures, and only for the network's own numbers are there kernels already.
            return find_fooling(pair.network.copy(), field, between)

        def found(fooling: Fooling) -> None:
            notice = Notice.FOOLED if fooling.changes else Notice.NOT_FOOLED
            row, column = fooling.row, fooling.column
            values = {"row": row + 1, "column": column + 1, "answer": fooling.answer}
            self._tell(message(notice, share=f"{100 * fooling.share:.1f}", **values))
            self._change(lambda flips: flips.put(row, column, opposite(float(field[row, column]))))

        self._tell(message(Notice.SEEKING_PIXEL))
        self._search.start(find, found)

    def learn(self, label: int) -> None:
        """Take one step of learning from this picture, on a copy, and show what it changes."""
        flips, pair = self._flips, self._pair
        if flips is None or pair is None:
            return
        field, number, lr = flips.field, self._newest, backward.LEARNING_RATES[self.rate]

        def done(learned: backward.Learned) -> None:
            if number == self._newest:
                self._view.show_learned(learned)

        def job() -> backward.Learned:
            with self._turns.background():
                return backward.learn(pair.twin, field, label, lr)

        self._jobs.submit(job, done)

    def compare(self, model: str) -> None:
        """Show the picture in this network too, a name or a path; "" ends the comparison."""
        self._rival_model, self._rival = model, None
        self._look()

    def want(self, kind: Kind | None, place: Place) -> None:
        """Open this place of the first station of a kind, or of the present station, as a lesson asks for it.

        It stays open in the next looks, until the user opens another place.
        """
        self._wanted = kind, place
        if self._stages:
            self._put_wanted()

    def _change(self, change: Callable[[Flips], None]) -> None:
        if self._flips is None or not self._stages:
            return
        change(self._flips)
        self._look()

    def _next(self) -> None:
        """What was asked for before is late from now on."""
        self._newest += 1
        self._search.end()

    def _look(self) -> None:
        """Look at the picture with the network of the epoch."""
        flips = self._flips
        if flips is None:
            return
        self._next()
        number, field, known = self._newest, flips.field, self._pair
        original = flips.original if flips.changed else None
        epochs, position, in_use = self._epochs, self._position, self._network
        model, rival, load = self._rival_model, self._rival, self._load

        def job() -> _Seen:
            from fastcnn.network.committee import Committee, leader

            network = in_use()
            pair = known
            if pair is None:
                last = epochs is None or position == len(epochs.epochs) - 1
                shown = leader(network) if last or epochs is None else epochs.network(epochs.epochs[position])
                pair = _Pair(shown, twin(shown))
            about = Network(len(network.members) if isinstance(network, Committee) else 1, network.temperature)
            other = twin(leader(load(model))) if model and rival is None else rival
            before = None if original is None else look(pair.twin, original)[-1]
            rival_stages = [] if other is None else look(other, field)
            return _Seen(pair, look(pair.twin, field), before, about, other, rival_stages)

        def done(seen: _Seen) -> None:
            if number != self._newest:
                return
            first = not self._stages
            self._pair, self._stages, self._before, self._about, self._rival, self._rival_stages = seen
            self._view.show_learned(None)
            if first and self._place == Place():
                self._place = strongest_place(self._stages)
            self._put_wanted()
            if self._seeks:
                self._fool()

        def failed(error: Exception) -> bool:
            if number == self._newest and model and rival is None:
                self.compare("")  # the second network cannot be read
                return True
            return number == self._newest

        self._jobs.replace(job, done, failed)

    def _choose(self, place: Place) -> None:
        """The user opens a place."""
        self._wanted = None
        self._put(place)

    def _put_wanted(self) -> None:
        if self._wanted is None:
            self._put(self._place)
            return
        kind, place = self._wanted
        kinds = [stage.kind for stage in self._stages]
        self._put(replace(place, index=kinds.index(kind) if kind in kinds else self._place.index))

    def _put(self, place: Place) -> None:
        """Make a place one that exists, and show it."""
        if not self._stages:
            return
        index = min(max(place.index, 0), len(self._stages) - 1)
        stage = self._stages[index]
        height, width = stage.out.shape[1:] if stage.out.ndim == 3 else (1, 1)
        channels = 1
        if stage.kind is Kind.CONVOLUTION and stage.layer is not None:
            channels = stage.layer.parameters["weight"].array.shape[1]
        self._place = Place(
            index,
            min(max(place.unit, 0), len(stage.out) - 1),
            min(max(place.row, 0), height - 1),
            min(max(place.column, 0), width - 1),
            place.channel % channels,
        )
        self._refresh()

    def _refresh(self) -> None:
        self._view.show_lesson(self.shown)


def strongest_place(stages: list[Stage]) -> Place:
    """The picture, with the filter and place of the largest number of the first maps; so the first sight is no zero."""
    maps = next((stage.out for stage in stages[1:] if stage.out.ndim == 3), None)
    if maps is None:
        return Place()
    unit, row, column = map(int, np.unravel_index(int(maps.argmax()), maps.shape))
    return Place(0, unit, row, column)


def epochs_file(model: str, file: Path, folder: Path) -> Path | None:
    """The file with the epochs of a network: next to its weights, or in the user's folder under its name."""
    places = (epochs_path(file), folder / f"{Path(model).stem}{EPOCHS_SUFFIX}")
    return next((place for place in places if place.is_file()), None)
