"""How decisions get work done elsewhere: the shape of what runs it, so that tests can run it on the spot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")
# Called with a job's error, on the caller's thread; says whether the user needs to be told of it.
Failed = Callable[[Exception], bool]


class Jobs(Protocol):
    """A queue of work beside the caller's thread. `done` and `failed` are called back on the caller's thread.

    An error is logged and shown to the user, unless `failed` says that this is not needed.
    """

    def submit(self, job: Callable[[], T], done: Callable[[T], None], failed: Failed | None = None) -> None:
        """Run the job after those before it."""

    def replace(self, job: Callable[[], T], done: Callable[[T], None], failed: Failed | None = None) -> None:
        """As `submit`, but drop whatever `replace` put into the queue and is still waiting."""

    def post(self, call: Callable[[], None]) -> None:
        """Called by a job: run something on the caller's thread."""
