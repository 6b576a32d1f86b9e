"""The decisions, without Qt: recorded views and work done on the spot, or when the test says so."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from fastcnn import paper_network
from fastcnn.errors import FastcnnError
from fastcnn.gui.logic import collection, insight, learning, placing
from fastcnn.gui.logic.collection import Collection, Sample
from fastcnn.gui.logic.drawing import MOST_STEPS, SIDE, Drawing, Placed, Stroke, Wiped
from fastcnn.gui.logic.experiment import HAND, MNIST, Session
from fastcnn.gui.logic.packed import Packed
from fastcnn.gui.logic.presenter import Mode, Presenter
from fastcnn.gui.logic.results import read_all
from fastcnn.gui.logic.settings import Settings
from fastcnn.gui.text.words import verdict_words
from fastcnn.handwriting.stroke_files import WINDOW_FORMAT
from fastcnn.layers import Affine, Flatten
from fastcnn.network.calibration import calibrated
from fastcnn.network.sequential import Sequential
from fastcnn.recognition.answer import Recognition, digit_answer
from fastcnn.recognition.experiment import Trial, by_digit, by_group, rates

LOGIC = Path(collection.__file__).parent


def test_no_decision_imports_qt(run_python):
    for path in LOGIC.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith(("PyQt5", "pyqtgraph"))], path
    modules = [f"fastcnn.gui.logic.{path.stem}" for path in LOGIC.glob("*.py") if path.stem != "__init__"]
    program = "import sys\nsys.modules['PyQt5'] = None\n" + "\n".join(f"import {name}" for name in modules)
    run_python(program)


def _shares(**by_digit):
    shares = np.zeros(10, np.float32)
    for name, share in by_digit.items():
        shares[int(name[1:])] = share
    return shares


def _answer(digit, shares, **more):
    seen = np.zeros((28, 28), np.float32)
    return Recognition(digit, 0.0 if digit is None else float(shares[digit]), shares, seen, **more)


def test_a_clear_answer_is_a_digit():
    answer = digit_answer(_shares(d7=0.9, d1=0.1), np.zeros((28, 28), np.float32))
    assert (answer.digit, answer.unsure, verdict_words(answer)) == (7, False, "")


def test_close_answers_are_unsure_and_name_both():
    answer = digit_answer(_shares(d4=0.5, d9=0.4, d1=0.1), np.zeros((28, 28), np.float32))
    assert (answer.digit, answer.unsure, answer.alternative) == (4, True, 9)
    assert verdict_words(answer) == "unsure: 4 or 9"


def test_no_digit_is_no_digit():
    assert verdict_words(_answer(None, _shares(d4=1.0))) == "this is no digit"


def test_the_recognizers_own_word_counts():
    shares = _shares(d4=0.9, d9=0.1)
    assert verdict_words(_answer(4, shares, unsure=True, alternative=9)) == "unsure: 4 or 9"
    assert verdict_words(_answer(4, shares, unsure=True, alternative=1)) == "unsure: 4 or 1"
    assert verdict_words(_answer(4, _shares(d4=0.5, d9=0.5), unsure=False)) == ""


class _View:
    def __init__(self):
        self.plane, self.shown, self.told = None, [], []

    def show_mode(self, mode): ...
    def show_picture(self, field, number):
        self.field = field

    def show_answer(self, answer, truth):
        self.shown.append((answer.digit, truth))

    def show_no_answer(self):
        self.shown.append(None)

    def drawing(self):
        return self.plane

    def clear_drawing(self):
        self.plane = None

    def tell(self, told):
        self.told.append(told.notice.name)


class _Later:
    """Work that is done when the test says so, in any order."""

    def __init__(self):
        self.jobs = []

    def submit(self, job, done, failed=None):
        self.jobs.append((job, done))

    replace = submit

    def run(self, index=0):
        job, done = self.jobs.pop(index)
        done(job())


class _Engine:
    def recognize(self, plane):
        return _answer(int(plane[0, 0]), np.eye(10, dtype=np.float32)[int(plane[0, 0])])

    def recognize_field(self, field):
        return self.recognize(field)


def _presenter():
    view, jobs = _View(), _Later()
    pictures = np.zeros((3, 1, 28, 28), np.uint8)
    pictures[:, 0, 0, 0] = [5, 6, 7]
    presenter = Presenter(view, _Engine(), jobs, lambda: (pictures, np.array([5, 6, 1])))
    return view, jobs, presenter


def _plane(digit):
    return np.full((4, 4), digit, np.uint8)


def test_late_answers_are_dropped():
    view, jobs, presenter = _presenter()
    presenter.set_mode(Mode.HAND)
    for digit in (3, 8):
        view.plane = _plane(digit)
        presenter.drawing_changed()
    jobs.run(1)
    jobs.run(0)
    assert [shown for shown in view.shown if shown] == [(8, None)]


def test_an_answer_that_comes_after_clearing_is_dropped():
    view, jobs, presenter = _presenter()
    presenter.set_mode(Mode.HAND)
    view.plane = _plane(3)
    presenter.drawing_changed()
    presenter.clear()
    jobs.run()
    assert view.shown[-1] is None


def test_an_answer_that_comes_after_a_change_of_mode_is_dropped():
    view, jobs, presenter = _presenter()
    presenter.set_mode(Mode.HAND)
    view.plane = _plane(3)
    presenter.drawing_changed()
    presenter.set_mode(Mode.MNIST)
    jobs.run()
    assert view.shown[-1] is None


def test_a_picture_that_was_recognized_is_recognized_again_when_its_mode_comes_back():
    view, jobs, presenter = _presenter()
    presenter.go_to(2)
    jobs.run()
    jobs.run()
    for _ in range(2):
        presenter.set_mode(Mode.HAND)
        assert view.shown[-1] is None
        presenter.set_mode(Mode.MNIST)
        jobs.run()
        assert view.shown[-1] == (7, 1)


def test_a_picture_that_nobody_has_asked_about_has_no_answer_when_its_mode_comes_back():
    view, jobs, presenter = _presenter()
    presenter.go_to(2)
    jobs.run()
    jobs.run()
    presenter.draw_random()
    presenter.set_mode(Mode.HAND)
    presenter.set_mode(Mode.MNIST)
    assert jobs.jobs == [] and view.shown[-1] is None


def test_recognize_before_the_pictures_are_loaded_recognizes_the_one_that_comes():
    view, jobs, presenter = _presenter()
    presenter.draw_random()
    presenter.recognize()
    jobs.run()
    jobs.run()
    assert view.shown[-1][0] == int(view.field[0, 0])


def test_truth_is_the_label_and_not_the_answer():
    view, jobs, presenter = _presenter()
    presenter.go_to(2)
    jobs.run()
    jobs.run()
    assert view.shown[-1] == (7, 1)


def test_undone_steps_are_bounded_and_what_is_seen_stays():
    drawing = Drawing()
    for _ in range(300):
        drawing.add(Stroke([(1, 1)]))
        drawing.add(Wiped())
    assert len(drawing.done) == MOST_STEPS
    for _ in range(300):
        drawing.add(Stroke([(1, 1)]))
    assert len(drawing.strokes()) == 300


def test_a_placed_picture_hides_what_was_there_until_undone():
    drawing = Drawing()
    drawing.add(Stroke([(1, 1)]))
    drawing.add(Placed(np.zeros((2, 2), np.uint8)))
    assert [type(item) for item in drawing.visible()] == [Placed]
    drawing.undo()
    assert len(drawing.strokes()) == 1


def test_experiment_asks_for_the_digits_in_turn_and_from_zero_in_each_group():
    session = Session(HAND, 2, 12)
    asked = []
    while not session.is_done:
        asked.append(session.asked_digit)
        session.add(Trial(asked[-1], 1, 0.5, "paper"))
    assert asked == [*range(10), 0, 1] * 2
    with pytest.raises(ValueError, match="is done"):
        session.add(Trial(0, 0, 1.0, "paper"))


def test_experiment_figures_by_hand():
    session = Session(MNIST, 2, 2)
    for truth, answer, confidence in ((3, 3, 0.9), (4, 9, 0.5), (3, 3, 1.0), (5, None, 0.0)):
        session.add(Trial(truth, answer, confidence, "paper"))
    found = rates("all", session.trials)
    assert (found.right, found.count, found.mean_confidence) == (2, 4, pytest.approx(0.6))
    assert [each.accuracy for each in by_group(session.trials, 2, 2)] == [0.5, 0.5]
    digits = [each.accuracy for each in by_digit(session.trials)]
    assert digits == [None, None, None, 1.0, 0.0, 0.0, None, None, None, None]
    # Wilson's interval of 2 of 4 at 95 %, by the formula: (0.5 + 0.4802 ± 0.5 * ...) = 0.15 to 0.85.
    assert found.interval == pytest.approx((0.150, 0.850), abs=5e-4)
    assert Session.from_json(session.to_json()) == session
    assert session.to_csv().splitlines()[4] == "2,2,5,,0,0.000000,paper"


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"mode":"x","groups":1,"size":1,"trials":[]}', b'{"mode":"mnist","groups":1,"size":1}',
     b'{"mode":"mnist","groups":0,"size":1,"trials":[]}',
     b'{"mode":"mnist","groups":1,"size":2.5,"trials":[]}', b'{"mode":"mnist","groups":true,"size":1,"trials":[]}',
     *(b'{"mode":"mnist","groups":1,"size":1,"trials":[{"truth":%s,"answer":1,"confidence":%s,"network":""}]}' % each
       for each in ((b"12", b"1"), (b"1.0", b"1"), (b"true", b"1"), (b"null", b"1"), (b"1", b"NaN"), (b"1", b"1e300"),
                    (b"1", b"9" * 400)))],
)  # fmt: skip
def test_a_damaged_session_is_a_value_error(content):
    with pytest.raises(ValueError):
        Session.from_json(content)


def _sample(label=3, value=9):
    return Sample(label, 5, np.full((28, 28), value, np.uint8), (Stroke([(1.0, 2.0), (3.0, 4.0)], 20, True),))


def test_drawings_come_back_as_they_were_kept(tmp_path):
    store = Collection(tmp_path / "drawings")
    counts = [(store.add(_sample(value=value)), store.count())[1] for value in (1, 2, 2, 3, 4)]
    assert counts == [1, 2, 2, 3, 4]
    samples = {int(sample.field[0, 0]): sample for sample in store.samples()}
    assert samples[1].strokes == _sample().strokes and samples[1].label == 3
    assert [samples[value].held_back for value in (1, 2, 3, 4)] == [False, False, False, True]


def test_a_damaged_drawing_costs_only_itself(tmp_path):
    store = Collection(tmp_path / "drawings")
    store.add(_sample())
    (store.folder / "broken.json").write_text('{"label": 3')
    assert len(store.samples()) == 1


def test_import_takes_all_or_none(tmp_path):
    store = Collection(tmp_path / "drawings")
    content = {"format": WINDOW_FORMAT, "drawings": [_sample().to_json(), {"label": 11}]}
    path = tmp_path / "broken.json"
    too_far = json.dumps({"format": WINDOW_FORMAT, "drawings": [_sample().to_json()]}).replace("4.0", "9" * 400)
    for text in (json.dumps(content), "{}", "no json", "[1]", too_far):
        path.write_text(text)
        with pytest.raises(FastcnnError, match="no collection"):
            store.import_from(path)
    assert store.count() == 0


def test_learning_never_sees_held_back_drawings_or_the_network_in_use(rng, monkeypatch):
    from fastcnn import paper_network

    monkeypatch.setattr(learning, "STEPS", 3)
    seen = []
    monkeypatch.setattr(learning, "_shifted", lambda images, rng: seen.append(images) or images)
    network = paper_network(seed=0)
    before = network.values.copy()
    samples = [Sample(1, 2, np.full((28, 28), 200 * held, np.uint8), (), bool(held)) for held in (0, 0, 0, 1)]
    mnist = rng.integers(0, 255, (60, 1, 28, 28)).astype(np.uint8), rng.integers(0, 10, 60)
    packed = Packed([mnist])
    outcome = learning.learn(network, samples, packed, mnist, progress=lambda share: None, cancelled=lambda: False)
    assert len(seen) == 3 and not any(images.any() for images in seen)
    assert (network.values == before).all()
    assert (outcome.network.values != before).any()
    assert outcome.hand_before.count == 1 and outcome.mnist_before.count == 60


def test_pictures_are_placed_whole_and_light_on_dark():
    picture = np.full((30, 60), 240, np.uint8)
    picture[10:20, 20:40] = 10
    field = placing.place(picture)
    assert field.shape == (SIDE, SIDE)
    assert field[0, 0] == 255 - 240  # the rest of the field is the picture's paper
    assert field[SIDE // 2, SIDE // 2] == 245
    # A third of the width and of the half height that the picture takes.
    assert (field > 128).mean() == pytest.approx(1 / 18, rel=0.05)


def test_settings_survive_and_nonsense_becomes_the_default(tmp_path):
    path = tmp_path / "window.json"
    Settings(language="zh_CN", pen_width=33).save(path)
    assert Settings.load(path) == Settings(language="zh_CN", pen_width=33)
    path.write_text('{"language": "xx", "pen_width": "wide", "mode": true, "theme": "dark", "epochs": 100000}')
    assert Settings.load(path) == Settings(theme="dark", numbers={"epochs": 100})
    path.write_text("no json")
    assert Settings.load(path) == Settings()


def test_mistakes_are_measured_at_the_networks_temperature(rng):
    images, labels = rng.integers(0, 256, (20, 1, 28, 28), np.uint8), rng.integers(0, 10, 20)
    network = paper_network(seed=0)
    network.temperature = 5.0
    powers = np.exp(network.forward(images).astype(np.float64) / 5)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(read_all(network, (images, labels)).probabilities, expected, atol=1e-6)


def test_occlusion_is_the_fall_of_the_shown_probability(rng):
    network = Sequential([Flatten(), Affine(10)], seed=0, views=5)
    network.temperature = 0.5
    field = np.zeros((28, 28), np.float32)
    field[10:18, 12:15] = rng.random((8, 3), np.float32)
    hidden = field.copy()
    hidden[10:15, 11:16] = 0  # 5 x 5 about row 12, column 13
    before, after = (calibrated(network, each[np.newaxis, np.newaxis])[0] for each in (field, hidden))
    digit = int((before - after).argmax())
    heat = insight.occlusion(network, field, digit)
    assert heat[12, 13] == pytest.approx(before[digit] - after[digit], abs=1e-6)
    assert heat[12, 13] > 0.001 and heat[0, 0] == 0


@pytest.mark.parametrize(("count", "rows", "columns"), [(30, 3, 10), (32, 4, 8), (33, 4, 10), (7, 1, 7)])
def test_mosaic_fills_its_rows_where_it_can(count, rows, columns):
    assert insight.mosaic(np.ones((count, 5, 5), np.float32)).shape == (rows * 6 - 1, columns * 6 - 1)
