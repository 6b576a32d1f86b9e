"""An interrupted training leaves its history in the trainer."""

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, layers, optim
from fastcnn.training.history import History

IMAGES = np.random.default_rng(0).random((40, 1, 4, 4), dtype=np.float32)
LABELS = np.arange(40) % 3


def trainer():
    network = Sequential([layers.Flatten(), layers.Affine(3)], input_shape=(1, 4, 4), seed=0)
    return Trainer(network, optim.SGD(0.1))


def fit(trainer, **more):
    return trainer.fit(IMAGES, LABELS, batch_size=10, validation=10, progress=False, **more)


def test_a_new_trainer_has_an_empty_history():
    assert trainer().history.epochs == []


def test_a_finished_training_leaves_the_history_that_it_returns():
    one = trainer()
    assert fit(one, epochs=2) is one.history and one.history.stopped is None
    assert fit(one, epochs=1) is one.history and len(one.history.epochs) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, SystemExit])
@pytest.mark.parametrize("where", ["on_step", "callbacks"])
def test_an_interrupted_training_leaves_the_finished_epochs(error, where):
    def interrupt(record):
        if record.epoch == 3:
            raise error

    one = trainer()
    given = interrupt if where == "on_step" else [interrupt]
    with pytest.raises(error):
        fit(one, epochs=5, **{where: given})
    finished = 2 if where == "on_step" else 3
    assert [epoch.epoch for epoch in one.history.epochs] == [1, 2, 3][:finished]
    assert one.history.stopped == f"interrupted by {error.__name__}"
    assert one.history.plot().axes


def test_a_refused_training_leaves_the_history_of_the_one_before():
    one = trainer()
    before = fit(one, epochs=1)
    with pytest.raises(ValueError, match="epochs must"):
        fit(one, epochs=0)
    assert one.history is before


def test_a_history_prints_as_a_table():
    one = trainer()
    fit(one, epochs=30)
    lines = repr(one.history).splitlines()
    assert lines[0].split() == [
        "epoch",
        "loss",
        "validation",
        "loss",
        "validation",
        "accuracy",
        "learning",
        "rate",
        "s",
    ]
    assert lines[2].split()[0] == "11" and lines[21].split()[0] == "30" and lines[-1].startswith("kept: epoch ")
    assert repr(History()) == "History of no finished epoch"
    assert one.history._repr_html_().count("<tr>") == 22
