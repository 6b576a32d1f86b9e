"""The protocol of a queue of work for the deciding classes. Tests can pass one that runs a job at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")
# Called with a job's error, on the caller's thread. Returns whether the user must be told about it.
Failed = Callable[[Exception], bool]


class Jobs(Protocol):
    """A queue of work on another thread. `done` and `failed` are called on the caller's thread.

    An error is logged and shown to the user, unless `failed` says that this is not needed.
    """

    def submit(self, job: Callable[[], T], done: Callable[[T], None], failed: Failed | None = None) -> None:
        """Run the job after those before it."""

    def keep(self, job: Callable[[], T], done: Callable[[T], None], failed: Failed | None = None) -> None:
        """Like `submit`, for a job that writes what the user has made: it is done even if the window closes now."""

    def replace(self, job: Callable[[], T], done: Callable[[T], None], failed: Failed | None = None) -> None:
        """Like `submit`, but remove the jobs that `replace` added and that have not begun."""

    def post(self, call: Callable[[], None]) -> None:
        """Run something on the caller's thread. A job calls this."""
