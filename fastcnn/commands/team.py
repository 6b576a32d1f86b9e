"""The processes that do one command together: the ranks of a job, or this process alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from fastcnn.arrays import Array
    from fastcnn.cluster.survivors import Survivors
    from fastcnn.training.history import Epoch
    from fastcnn.training.trainer import Trainer

T = TypeVar("T")
Pair: TypeAlias = "tuple[Array, Array]"

SLOW = 1.15  # times the median of the ranks' computing; below it, differences are chance

log = logging.getLogger("fastcnn")


@dataclass(frozen=True)
class Team:
    """communicator: of the job's ranks, None for one process alone; profiles: whether to report their times."""

    communicator: Any = None
    profiles: bool = False

    @property
    def leads(self) -> bool:
        """Whether this process writes the files and prints: rank 0, or the only one."""
        return self.communicator is None or self.communicator.Get_rank() == 0

    @property
    def finishes(self) -> bool:
        """Whether this process does what is left after the training. Where ranks survive others, each may have to."""
        return self.leads if self._survivors is None else self._survivors.finishes()

    @property
    def may_finish(self) -> bool:
        """Whether this process may have to do what is left."""
        return self.leads or self._survivors is not None

    @property
    def _survivors(self) -> Survivors | None:
        from fastcnn.cluster.survivors import Survivors

        return self.communicator if isinstance(self.communicator, Survivors) else None

    def from_first(self, make: Callable[[], T]) -> T:
        """What rank 0 makes, on all ranks."""
        if self.communicator is None:
            return make()
        made: T = self.communicator.bcast(make() if self.leads else None, root=0)
        return made

    def load(self, load: Callable[[], tuple[Pair, Pair]]) -> tuple[Pair, Pair]:
        """The pictures and labels for training and for the test; the ranks of a host share one copy."""
        if self.communicator is None or self.communicator.Get_size() == 1:
            return load()
        from fastcnn.cluster import jobs

        x, t, x_test, t_test = jobs.once_a_host(self.communicator, lambda: [each for pair in load() for each in pair])
        return (x, t), (x_test, t_test)

    def note_go_on(self, words: str) -> None:
        """Leave the arguments that resume the training for the process that has started the job."""
        if self.communicator is not None and self.leads:
            from fastcnn.cluster import jobs

            jobs.note(jobs.GO_ON, words)

    def report(self, trainer: Trainer, epoch: Epoch) -> None:
        """Say how long each rank has computed in an epoch, and name one that slows the others down."""
        if trainer.rank_times:
            log.info("%s", times_sentence(trainer.rank_times, epoch.train_s))


ALONE = Team()


def times_sentence(times: dict[str, float], epoch_s: float) -> str:
    """The computing of each rank in an epoch, and which one the others wait for; times: by the ranks' names."""
    slowest = max(times, key=lambda name: times[name])
    usual = median(times.values())
    text = f"computing in {epoch_s:.1f} s: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in times.items())
    if len(times) > 1 and times[slowest] > SLOW * usual:
        text += f"; the others wait for {slowest}, which takes {times[slowest] / usual:.2f} times as long as usual"
    return text
