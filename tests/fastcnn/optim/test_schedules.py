"""Learning rates over time: hand-worked values, PyTorch's, ends, descriptions, and what is refused."""

import json
from math import cos, pi

import pytest

from fastcnn.optim.schedules import Constant, Cosine, OneCycle, Step, from_description


def rates(schedule, count):
    return [schedule(step) for step in range(count)]


def test_constant_warms_up_in_equal_steps():
    assert rates(Constant(0.4, warmup_steps=4), 6) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4, 0.4])
    assert rates(Constant(0.4), 2) == [0.4, 0.4]


def test_step_counts_from_the_end_of_the_warmup():
    schedule = Step(1.0, 2, factor=0.5, warmup_steps=2)
    assert rates(schedule, 8) == pytest.approx([0.5, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25])


def test_cosine_falls_from_the_warmup_to_the_end():
    schedule = Cosine(1.0, 6, final_lr=0.2, warmup_steps=2)
    half_way = [0.2 + 0.4 * (1 + cos(pi * share)) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert rates(schedule, 7) == pytest.approx([0.5, 1.0, *half_way])
    assert schedule(5000) == pytest.approx(0.2)


def test_one_cycle_is_a_line_up_and_a_line_down():
    schedule = OneCycle(1.0, 8, initial_division=5, final_division=2, warmup_steps=3)
    # Up from 0.2 to 1 in two steps of 0.4; down to 0.1 in five of 0.18.
    assert rates(schedule, 8) == pytest.approx([0.2, 0.6, 1.0, 0.82, 0.64, 0.46, 0.28, 0.1])
    assert schedule(8) == schedule(5000) == pytest.approx(0.1)


def test_one_cycle_climbs_for_three_tenths_by_default():
    assert OneCycle(1.0, 50).warmup_steps == 15
    assert max(range(50), key=OneCycle(1.0, 50)) == 14


@pytest.mark.parametrize(
    "schedule",
    [
        Constant(0.1),
        Step(0.1, 3, factor=0.3, warmup_steps=2),
        Cosine(0.1, 20, final_lr=0.01, warmup_steps=5),
        OneCycle(0.1, 20, initial_division=10, final_division=100, warmup_steps=4),
    ],
)
def test_description_survives_json(schedule):
    again = from_description(json.loads(json.dumps(schedule.describe())))
    assert type(again) is type(schedule)
    assert again.describe() == schedule.describe()
    assert rates(again, 30) == rates(schedule, 30)


@pytest.mark.parametrize(
    "description",
    [{}, {"type": "Exponential", "lr": 1}, {"type": "Constant", "lr": 1}, {"type": "Constant", "lr": 1, "warmup": 1}],
)
def test_unknown_descriptions_are_refused(description):
    with pytest.raises(ValueError, match="there is no such schedule"):
        from_description(description)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Constant(0), ValueError, "lr must be greater than 0"),
        (lambda: Constant(float("nan")), ValueError, "lr must be finite"),
        (lambda: Constant("fast"), TypeError, "lr must be a number"),
        (lambda: Constant(1, warmup_steps=-1), ValueError, "warmup_steps must be at least 0"),
        (lambda: Constant(1, warmup_steps=0.5), TypeError, "warmup_steps must be a whole number"),
        (lambda: Constant(1)(-1), ValueError, "step must be at least 0"),
        (lambda: Step(1, 0), ValueError, "every must be at least 1"),
        (lambda: Step(1, 1, factor=2), ValueError, "factor must be at most 1"),
        (lambda: Step(1, 1, factor=0), ValueError, "factor must be greater than 0"),
        (lambda: Cosine(1, 0), ValueError, "total_steps must be at least 1"),
        (lambda: Cosine(1, 5, warmup_steps=5), ValueError, "warmup_steps must be less than the 5 total_steps"),
        (lambda: Cosine(1, 5, final_lr=2), ValueError, "final_lr must be at most lr"),
        (lambda: OneCycle(1, 5, final_division=0.5), ValueError, "must be at least 1"),
    ],
)
def test_wrong_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def torch_rates(torch, count, make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    schedule = make(optimizer)
    found = []
    for _ in range(count):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


@pytest.mark.torch
def test_matches_torch():
    torch = pytest.importorskip("torch")
    kinds = torch.optim.lr_scheduler
    assert rates(Step(0.5, 4), 20) == pytest.approx(torch_rates(torch, 20, lambda o: kinds.StepLR(o, 4)))
    theirs = torch_rates(torch, 20, lambda o: kinds.CosineAnnealingLR(o, 20, eta_min=0.1))
    assert rates(Cosine(0.5, 20, final_lr=0.1), 20) == pytest.approx(theirs)
    theirs = torch_rates(torch, 19, lambda o: kinds.OneCycleLR(o, 0.5, total_steps=20, anneal_strategy="linear"))
    assert rates(OneCycle(0.5, 20), 19) == pytest.approx(theirs)
