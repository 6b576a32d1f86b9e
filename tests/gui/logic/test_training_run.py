"""One run of a training, by the steps that are told to it: it needs no batch and fetches few losses."""

from __future__ import annotations

import pytest

from fastcnn import paper_network
from fastcnn.gui.logic import training_run
from fastcnn.gui.logic.training_run import Curves, Run, StoppedError
from fastcnn.training.history import TrainingStep


class Later:
    """A loss on a GPU, which counts how often it is fetched."""

    fetched = 0

    def __float__(self):
        Later.fetched += 1
        return 0.5


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run in which every third step is a point of the curve, and ten steps are an epoch."""
    monkeypatch.setattr(training_run, "POINT_EVERY", 3)
    monkeypatch.setattr(Later, "fetched", 0)
    return Run(tmp_path / "checkpoint", tmp_path / "target", Curves())


def test_only_the_losses_of_the_curve_are_fetched(run):
    network = paper_network(seed=0)
    for number in range(10, 20):  # of the second epoch: after a resume it begins there
        run._step_done(TrainingStep(number, 2, 100, Later()), network, 10)
    assert run.curves.steps == [1.2, 1.5, 1.8] and run.curves.losses == [0.5] * 3
    assert Later.fetched == 3
    assert run.curves.images_per_second > 0


def test_a_run_that_was_stopped_before_its_first_step_makes_no_second_one(run):
    run.pause()
    run.stop()
    with pytest.raises(StoppedError):
        run._step_done(TrainingStep(0, 1, 100, Later()), paper_network(seed=0), 10)
    assert run.preview is not None
