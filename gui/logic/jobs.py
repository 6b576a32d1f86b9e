"""How decisions get work done elsewhere: the shape of what runs it, so that tests can run it on the spot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Jobs(Protocol):
    """A queue of work beside the caller's thread. `done` and `failed` are called back on the caller's thread."""

    def submit(
        self, job: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None] | None = None
    ) -> None:
        """Run the job after those before it; without `failed` an error is shown to the user."""

    def replace(
        self, job: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None] | None = None
    ) -> None:
        """As `submit`, but drop whatever `replace` put into the queue and is still waiting."""

    def post(self, call: Callable[[], None]) -> None:
        """Called by a job: run something on the caller's thread."""
