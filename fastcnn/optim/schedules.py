"""Learning rates over time: a schedule is a function from the step to lr. Steps count from 0 over the whole training.

Each schedule begins with a linear warm-up over `warmup_steps` steps. Step s has (s + 1) / warmup_steps of lr, so no
step has lr = 0. `describe` turns a schedule into JSON for checkpoints, and `from_description` reads that.
"""

from math import cos, pi
from typing import Any, ClassVar

from fastcnn.checks import check_nonnegative, check_number, check_positive
from fastcnn.kernels.values import kind_of, shown, whole

MOST_STEPS = 2**53  # a float cannot count further: 2**53 + 1 rounds to 2**53

__all__ = ["Constant", "Cosine", "OneCycle", "Step"]


def _count(name: str, value: object, minimum: int) -> int:
    number = whole(value)
    if number is None:
        raise TypeError(f"{name} must be a whole number, not {shown(value)}")
    if not minimum <= number <= MOST_STEPS:
        raise ValueError(f"{name} must be at least {minimum} and at most {MOST_STEPS}, not {shown(number)}")
    return number


class Constant:
    """lr after the warm-up. It is the base of the other schedules.

    Parameters
    ----------
    lr : the largest learning rate
    warmup_steps : steps of linear warm-up
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("lr", "warmup_steps")

    def __init__(self, lr: float, *, warmup_steps: int = 0) -> None:
        self.lr = check_positive("lr", lr)
        self.warmup_steps = _count("warmup_steps", warmup_steps, 0)

    def __call__(self, step: int) -> float:
        """The learning rate of a step; steps count from 0."""
        step = _count("step", step, 0)
        if step < self.warmup_steps:
            return self._warming(step)
        return self._after_warmup(step - self.warmup_steps)

    def describe(self) -> dict[str, Any]:
        """The kind and its options, ready for JSON. `from_description` reads it."""
        return {"type": type(self).__name__, **{name: getattr(self, name) for name in self.OPTIONS}}

    def _warming(self, step: int) -> float:
        return self.lr * (step + 1) / self.warmup_steps

    def _after_warmup(self, step: int) -> float:
        return self.lr


class Step(Constant):
    """lr, multiplied by factor after every `every` steps that follow the warm-up (torch's StepLR)."""

    OPTIONS = ("lr", "every", "factor", "warmup_steps")

    def __init__(self, lr: float, every: int, *, factor: float = 0.1, warmup_steps: int = 0) -> None:
        super().__init__(lr, warmup_steps=warmup_steps)
        self.every = _count("every", every, 1)
        self.factor = check_positive("factor", factor)
        if self.factor > 1:
            raise ValueError(f"factor must be at most 1, not {self.factor}")

    def _after_warmup(self, step: int) -> float:
        return self.lr * self.factor ** (step // self.every)


class _Finite(Constant):
    """A schedule that ends. total_steps includes the warm-up; later steps keep the last learning rate."""

    def __init__(self, lr: float, total_steps: int, warmup_steps: int) -> None:
        super().__init__(lr, warmup_steps=warmup_steps)
        self.total_steps = _count("total_steps", total_steps, 1)
        if self.warmup_steps >= self.total_steps:
            raise ValueError(
                f"warmup_steps must be less than the {self.total_steps} total_steps, not {self.warmup_steps}"
            )


class Cosine(_Finite):
    """lr at the end of the warm-up, then half a cosine down to final_lr at total_steps (torch's CosineAnnealingLR)."""

    OPTIONS = ("lr", "total_steps", "final_lr", "warmup_steps")

    def __init__(self, lr: float, total_steps: int, *, final_lr: float = 0.0, warmup_steps: int = 0) -> None:
        super().__init__(lr, total_steps, warmup_steps)
        self.final_lr = check_nonnegative("final_lr", final_lr)
        if self.final_lr > self.lr:
            raise ValueError(f"final_lr must be at most lr, {self.lr}, not {self.final_lr}")

    def _after_warmup(self, step: int) -> float:
        share = min(1.0, step / (self.total_steps - self.warmup_steps))
        return self.final_lr + (self.lr - self.final_lr) * (1 + cos(pi * share)) / 2


class OneCycle(_Finite):
    """A straight line up to lr, then one down (Smith 2018; torch's OneCycleLR with anneal_strategy="linear").

    Parameters
    ----------
    lr : the peak, reached at step warmup_steps - 1
    total_steps : steps of the whole cycle; the last of them has the lowest learning rate
    warmup_steps : steps of the way up; None is 30 % of all
    initial_division : step 0 has lr / initial_division
    final_division : the last step has lr / initial_division / final_division
    """

    OPTIONS = ("lr", "total_steps", "initial_division", "final_division", "warmup_steps")

    def __init__(
        self,
        lr: float,
        total_steps: int,
        *,
        initial_division: float = 25.0,
        final_division: float = 1e4,
        warmup_steps: int | None = None,
    ) -> None:
        if warmup_steps is None:
            warmup_steps = _count("total_steps", total_steps, 1) * 3 // 10
        super().__init__(lr, total_steps, warmup_steps)
        self.initial_division = check_number("initial_division", initial_division)
        self.final_division = check_number("final_division", final_division)
        if min(self.initial_division, self.final_division) < 1:
            raise ValueError("initial_division and final_division must be at least 1")

    def _warming(self, step: int) -> float:
        initial = self.lr / self.initial_division
        share = step / (self.warmup_steps - 1) if self.warmup_steps > 1 else 1.0
        return initial + (self.lr - initial) * share

    def _after_warmup(self, step: int) -> float:
        final = self.lr / self.initial_division / self.final_division
        share = min(1.0, (step + 1) / (self.total_steps - self.warmup_steps))
        return self.lr + (final - self.lr) * share


SCHEDULES: dict[str, type[Constant]] = {kind.__name__: kind for kind in (Constant, Step, Cosine, OneCycle)}


def from_description(description: dict[str, Any]) -> Constant:
    """The schedule that `describe` described; ValueError where the description is unknown or not complete."""
    if not isinstance(description, dict):
        raise TypeError(f"a schedule's description must be a dict, not {kind_of(description)}")
    options = dict(description)
    kind = SCHEDULES.get(str(options.pop("type", None)))
    if kind is None or set(options) != set(kind.OPTIONS):
        raise ValueError(f"there is no such schedule: {shown(description)}; the kinds are {', '.join(SCHEDULES)}")
    return kind(**options)


def __dir__() -> list[str]:
    return __all__
