"""The processes that do one command together: the ranks of a job, or this process alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from fastcnn.cluster.survivors import Survivors
    from fastcnn.data.sharing import Readers
    from fastcnn.training.history import Epoch
    from fastcnn.training.trainer import Trainer

T = TypeVar("T")

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

    def when_leading(self, call: Callable[[], object]) -> None:
        """Call something if this process becomes rank 0, because that one has died."""
        if self._survivors is not None:
            self._survivors.on_lead.append(call)

    def from_first(self, make: Callable[[], T]) -> T:
        """What rank 0 makes, on all ranks."""
        if self.communicator is None:
            return make()
        from fastcnn.cluster import jobs

        own = make() if self.leads else None
        jobs.meet(self.communicator)
        made: T = self.communicator.bcast(own, root=0)
        return made

    def readers(self) -> Readers:
        """Those who read the data of this command; the ranks of a host share one copy."""
        from fastcnn.data.sharing import ALONE

        if self.communicator is None or self.communicator.Get_size() == 1:
            return ALONE
        from fastcnn.cluster.shared import RankReaders

        return RankReaders(self.communicator)

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
