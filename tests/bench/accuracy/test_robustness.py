"""The robustness report: changes do what they say, and its numbers are those worked out by hand."""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest

from fastcnn.__main__ import main
from fastcnn.bench import command
from fastcnn.bench.accuracy import conditions, robustness
from fastcnn.bench.accuracy.conditions import ANYWHERE, MIDDLE, Condition, Scan, show
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import robustness_report
from fastcnn.handwriting.drawings import Drawing

# As wide as it is high, so that there is as much room to the side as above.
CORNER = Drawing(7, "ann", (np.array([(0.0, 0), (50, 0), (50, 50)]),))
LINE = Drawing(1, "bob", (np.array([(0.0, 0), (0, 90)]),))


def scan(rows, columns):
    picture = np.zeros((28, 28), np.uint8)
    picture[rows, columns] = 255
    return Scan(1, picture)


BAR = scan(slice(4, 24), slice(12, 15))
BLOCK = scan(slice(4, 24), slice(4, 24))


@pytest.fixture(autouse=True)
def a_digit_in_two_is_refused(monkeypatch):
    monkeypatch.setattr(robustness, "refused", lambda prepared, blank: np.arange(len(prepared)) % 2 == 1)


def extent(canvas):
    rows, columns = (np.flatnonzero((canvas > 127).any(axis=axis)) for axis in (1, 0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


@pytest.mark.parametrize("digit", [CORNER, BLOCK])
def test_place_moves_the_digit_and_nothing_else(digit):
    middle = show(digit, MIDDLE, 0)
    room = 280 - 168
    moved = show(digit, replace(MIDDLE, place=(0.5 + 3 / room, 0.5 - 5 / room)), 0)
    np.testing.assert_array_equal(moved, np.roll(middle, (-5, 3), axis=(0, 1)))
    assert extent(show(digit, replace(MIDDLE, place=(1.0, 0.0)), 0)) == pytest.approx((0, 168, 112, 280), abs=1)


@pytest.mark.parametrize("digit", [CORNER, LINE, BLOCK, BAR])
@pytest.mark.parametrize("size", [0.15, 0.5, 0.95])
def test_size_is_that_of_the_longer_side(digit, size):
    top, bottom, left, right = extent(show(digit, replace(MIDDLE, size=size), 0))
    assert max(bottom - top, right - left) == pytest.approx(size * 280, abs=2)


@pytest.mark.parametrize("digit", [LINE, BAR])
@pytest.mark.parametrize("pen", [15, 25, 40])
def test_pen_is_as_wide_as_asked_for(digit, pen):
    top, bottom, left, right = extent(show(digit, replace(MIDDLE, pen_px=pen), 0))
    assert right - left == pytest.approx(pen, abs=2)
    assert bottom - top == pytest.approx(168, abs=2)


@pytest.mark.parametrize("digit", [LINE, BAR])
@pytest.mark.parametrize("turn", [-15.0, 15.0])
def test_turn_is_clockwise(digit, turn):
    canvas = show(digit, replace(MIDDLE, turn_deg=turn), 0).astype(float)
    centre = [(row @ np.arange(280)) / row.sum() for row in (canvas[100], canvas[180])]
    assert (centre[0] - centre[1]) / 80 == pytest.approx(np.tan(np.deg2rad(turn)), abs=0.02)


def test_noise_has_its_spread_and_is_the_same_again():
    grey = np.full((280, 280), 128, np.uint8)
    found = conditions.add_noise(grey, 10, np.random.default_rng(1)).astype(float)
    assert found.mean() == pytest.approx(128, abs=0.2)
    assert found.std() == pytest.approx(10, abs=0.2)
    noisy = Condition("noise", "", change="noise", amount=20)
    np.testing.assert_array_equal(show(LINE, noisy, 5), show(LINE, noisy, 5))
    assert (show(LINE, noisy, 5) != show(LINE, noisy, 6)).any()


def test_blur_spreads_ink_and_keeps_its_sum(rng):
    plane = np.zeros((60, 60), np.uint8)
    plane[28:32, 28:32] = 200
    found = conditions.blur(plane, 3, rng).astype(float)
    assert found.sum() == pytest.approx(16 * 200, rel=0.05)  # levels are whole numbers
    assert found.max() < 100
    rows = np.arange(60) - 29.5
    # Of a square four wide, (16 - 1) / 12, and of the blur, 9.
    assert (found.sum(axis=1) @ rows**2) / found.sum() == pytest.approx(9 + 1.25, rel=0.15)


@pytest.mark.parametrize(
    ("name", "amount", "before", "after"),
    [
        ("fade", 0.5, [0, 127, 128, 255], [64, 127, 128, 191]),  # 63.75, 127.25, 127.75, 191.25
        ("fade", 0.1, [0, 255], [115, 140]),  # 114.75, 140.25
        ("invert", 0, [0, 30, 255], [255, 225, 0]),
    ],
)
def test_levels_by_hand(name, amount, before, after, rng):
    found = conditions.CHANGES[name](np.array([before], np.uint8), amount, rng)
    assert found.dtype == np.uint8
    assert found.tolist() == [after]


def test_texture_is_dark_ink_on_shaded_paper(rng):
    plane = np.zeros((100, 100), np.uint8)
    plane[50, :] = 255
    found = conditions.texture(plane, 4, rng).astype(float)
    assert found[:10, :10].mean() == pytest.approx(160 + 60 * 0.045 + 30 * 0.045, abs=2)
    assert found[-10:, -10:].mean() == pytest.approx(160 + 60 * 0.945 + 30 * 0.945, abs=2)
    assert found[:10, -10:].mean() == pytest.approx(160 + 60 * 0.045 + 30 * 0.945, abs=2)
    assert found[50].mean() == pytest.approx(0.3 * (160 + 30 + 30 * 0.495), abs=2)
    assert found[5, :].std() > 4


def test_a_speck_has_nine_pixels(rng):
    plane = np.zeros((50, 40), np.uint8)
    found = conditions.specks(plane, 1, rng)
    assert (found == 255).sum() == 9 and (found > 0).sum() == 9
    assert plane.sum() == 0


def test_random_poses_hang_on_the_number_alone():
    np.testing.assert_array_equal(show(LINE, ANYWHERE, 3), show(LINE, ANYWHERE, 3))
    assert (show(LINE, ANYWHERE, 3) != show(LINE, ANYWHERE, 4)).any()


def test_no_pen_is_wider_than_a_quarter():
    shares = [each.at for each in conditions.conditions() if each.kind == "pen"]
    assert max(shares) < 0.25
    assert {each.pen_px for each in conditions.conditions() if each.kind == "pen"} >= {6, 10, 20, 40}
    assert conditions.conditions()[0] is MIDDLE


def test_score_by_hand():
    probabilities = np.full((4, 10), 0.0)
    for row, (answer, confidence) in enumerate([(3, 0.995), (5, 0.6), (7, 0.995), (0, 0.1)]):
        probabilities[row] = (1 - confidence) / 9
        probabilities[row, answer] = confidence
    labels = np.array([3, 5, 1, 0])
    blank = np.array([False, False, False, True])  # its even probabilities are no answer, though its label is 0
    found = robustness.score(probabilities, blank, labels, np.array([True, False, True, True]))
    assert found["accuracy"] == 0.5
    assert found["lost"] == (2 - 1) / 4
    assert found["lost_half_width"] == pytest.approx(1.96 * np.sqrt(3 - 1 / 4) / 4)
    assert found["mean_confidence"] == pytest.approx((0.995 + 0.6 + 0.995 + 0.1) / 4)
    # Bins of a fifteenth: 0.995 twice with one right, 0.6 right, 0.1 wrong.
    assert found["calibration_error"] == pytest.approx((abs(1.99 - 1) + 0.4 + 0.1) / 4)
    assert found["surely_wrong"] == 1
    assert found["blank"] == 1
    assert 0.15 == pytest.approx(found["low"], abs=0.001)  # Wilson's interval of 2 in 4


class Constant:
    """A network with one answer."""

    temperature = 1.0
    views = 1

    def __init__(self, answer):
        self.answer = answer

    def forward(self, images):
        logits = np.zeros((len(images), 10), np.float32)
        logits[:, self.answer] = 5
        return logits


class Mass:
    """A network that takes pictures with ink for a 7, and others for a 1."""

    temperature = 1.0
    views = 1

    def forward(self, images):
        logits = np.zeros((len(images), 10), np.float32)
        inked = images.sum(axis=(1, 2, 3)) > 0
        logits[np.arange(len(images)), np.where(inked, 7, 1)] = 9
        return logits


def test_refused_are_blank_pictures_and_those_of_a_low_score(monkeypatch):
    from fastcnn.recognition import recognizer

    monkeypatch.undo()
    monkeypatch.setattr(recognizer, "refusing_network", lambda: None)
    monkeypatch.setattr(recognizer, "digit_scores", lambda network, images: images[:, 0, 0, 0].astype(float))
    pictures = np.zeros((3, 28, 28), np.float32)
    pictures[:, 0, 0] = (0.4, 0.6, 0.9)
    assert robustness.refused(pictures, np.array([False, False, True])).tolist() == [True, False, True]


def test_conditions_are_measured_on_the_same_digits(monkeypatch):
    pale = Condition("contrast", "5 %", change="fade", amount=0.05)  # below what is ink
    monkeypatch.setattr(robustness, "conditions", lambda: [MIDDLE, pale])
    networks = {"seven": Constant(7), robustness.PIPELINE: Mass()}
    found = robustness._measure("few", [CORNER, CORNER, CORNER, LINE], networks, None, Settings())
    assert found["count"] == 4
    assert [row["refused"] for row in found["conditions"]] == [0.5, 0.5]
    middle, faded = (row["scores"] for row in found["conditions"])
    assert middle["seven"]["accuracy"] == middle[robustness.PIPELINE]["accuracy"] == 0.75
    confidence = np.exp(5) / (np.exp(5) + 9)
    assert middle["seven"]["mean_confidence"] == pytest.approx(confidence)
    assert middle["seven"]["calibration_error"] == pytest.approx(confidence - 0.75, abs=1e-6)
    assert (faded["seven"]["accuracy"], faded["seven"]["blank"], faded["seven"]["lost"]) == (0, 4, 0.75)
    assert faded["seven"]["mean_confidence"] == pytest.approx(0.1)
    # The paper's pipeline prepares nothing: grey paper is as good as ink.
    assert faded[robustness.PIPELINE]["blank"] == 0
    assert faded[robustness.PIPELINE]["lost"] == 0


def test_a_digit_keeps_its_number_in_whatever_part_it_is_prepared():
    noisy = Condition("noise", "", change="noise", amount=30)
    _, _, whole = robustness._seen(([LINE, BAR, CORNER], 0, noisy))
    _, _, last = robustness._seen(([BAR, CORNER], 1, noisy))
    np.testing.assert_array_equal(whole[1:], last)


def test_shrinking_keeps_places():
    canvas = np.zeros((280, 280), np.uint8)
    canvas[100:110, 200:210] = 255
    field = robustness.shrink(canvas)
    assert field.shape == (28, 28) and field.max() <= 1
    assert np.unravel_index(field.argmax(), field.shape) == (10, 20)


def test_processes_see_what_one_sees():
    digits = [CORNER, LINE, BAR]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there, blank_there, _ = robustness._look(digits, ANYWHERE, {"mass": Mass()}, pool)
    here, blank_here, _ = robustness._look(digits, ANYWHERE, {"mass": Mass()}, None)
    np.testing.assert_array_equal(there["mass"], here["mass"])
    np.testing.assert_array_equal(blank_there["mass"], blank_here["mass"])


def test_synthetic_digits_are_not_those_of_the_training():
    from fastcnn.handwriting.preparation.prepare import prepare
    from fastcnn.handwriting.synthesis import digits as synthetic

    trained, _ = synthetic.synthetic_digits(20, seed=robustness.SEED)
    shown = [prepare(show(digit, MIDDLE, 0)) for digit in robustness.synthetic(20)]
    gaps = [[np.abs(field - image[0] / 255).mean() for image in trained] for field in shown]
    assert np.min(gaps) > 0.01
    assert [digit.label for digit in robustness.synthetic(12)] == [*range(10), 0, 1]


@pytest.fixture
def stroke_file(tmp_path):
    path = tmp_path / "few.json"
    drawings = [(7, "ann", [[0, 0], [50, 0], [20, 90]]), (1, "ann", [[5, 0], [0, 90]]), (1, "bob", [[0, 50], [90, 50]])]
    path.write_text(json.dumps([{"label": d, "writer": w, "strokes": [s]} for d, w, s in drawings]))
    return path


def test_command_writes_numbers_tables_and_figure(stroke_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(robustness, "baseline", lambda quick: Constant(1))
    monkeypatch.setattr(robustness, "BUNDLED", ("paper",))
    monkeypatch.setattr(robustness, "QUICK", 5)
    arguments = ["bench", "robustness", "--quick", "--threads", "1", "--only", "turn"]
    arguments += ["--strokes", str(stroke_file)]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--json", str(tmp_path / "all.json")]) == 0
    result = json.loads((tmp_path / "all.json").read_text())["robustness"]["result"]
    assert result["file"] == "few.json"
    assert [(each["what"], each["count"]) for each in result["data"]] == [
        ("pen drawings", 3), ("synthetic pen digits", 5), ("MNIST's test pictures", 5)
    ]  # fmt: skip
    assert {row["kind"] for row in result["data"][0]["conditions"]} == {"middle", "turn"}
    baseline = result["anywhere"]["scores"][robustness.PIPELINE]
    assert baseline["accuracy"] == pytest.approx(2 / 3)  # two of the three are 1s
    assert {row["writer"]: row["count"] for row in result["anywhere"]["worst"]} == {"ann": 2, "bob": 1}
    page = (tmp_path / "out" / "README.md").read_text()
    assert "## robustness" in page and "few.json" in page and "(robustness.png)" in page
    assert (tmp_path / "out" / "robustness.png").read_bytes().startswith(b"\x89PNG")
    assert "Traceback" not in capsys.readouterr().err


def test_without_a_file_synthetic_digits_come_first(monkeypatch):
    monkeypatch.setattr(robustness, "baseline", lambda quick: Constant(1))
    monkeypatch.setattr(robustness, "QUICK", 10)
    result = robustness.run(Settings(quick=True, threads=(1,), only="page"))
    assert [each["what"] for each in result["data"]] == [robustness.SYNTHETIC, robustness.MNIST]
    assert result["anywhere"] is None
    # One synthetic digit in ten is a 1.
    assert result["data"][0]["conditions"][0]["scores"][robustness.PIPELINE]["accuracy"] == 0.1
    assert "10 synthetic pen digits, and" in robustness_report.compact(result)
    assert "riters" not in robustness_report.full(result)


@pytest.mark.parametrize("content", [None, b"", b'[{"label": 3}]', b"\x1f\x8bbroken"])
def test_unusable_stroke_file_is_one_sentence_before_the_work(content, tmp_path, monkeypatch, capsys):
    def never(name, settings):
        raise AssertionError("measured")

    path = tmp_path / "strokes.json"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(command, "measure", never)
    assert main(["bench", "seeds", "robustness", "--quick", "--strokes", str(path)]) == 1
    err = capsys.readouterr().err
    assert str(path) in err and err.count("\n") == 1


def _result():
    """Two conditions and a change of each, with round numbers."""

    def scores(right, lost, error):
        return {
            name: {
                "accuracy": right - gap, "low": right - gap - 0.01, "high": right - gap + 0.01, "lost": lost,
                "lost_half_width": 0.002, "mean_confidence": 0.9, "calibration_error": error, "surely_wrong": 3,
                "blank": 0,
            }
            for name, gap in (("paper", 0), (robustness.PIPELINE, 0.5))
        }  # fmt: skip

    rows = [
        {"kind": "middle", "label": "m", "at": 0, "scores": scores(0.99, 0.0, 0.003)},
        {"kind": "turn", "label": "-15°", "at": -15, "scores": scores(0.985, 0.005, 0.004)},
        {"kind": "turn", "label": "+15°", "at": 15, "scores": scores(0.97, 0.02, 0.006)},
        {"kind": "noise", "label": "40 of 255", "at": 40, "scores": scores(0.9, 0.09, 0.02)},
    ]
    data = [{"what": "pen drawings", "count": 3000, "conditions": rows}]
    networks = ["paper", robustness.PIPELINE]
    for number, row in enumerate(rows):
        row["refused"] = 0.001 * number
    return {"networks": networks, "default": "paper", "file": "few.json", "data": data, "anywhere": None}


def test_compact_table_shows_the_worst_of_each_change():
    lines = robustness_report.compact(_result()).splitlines()
    assert lines[0] == "| change | paper | paper's pipeline |"
    assert "| 99.00% | 49.00% |" in lines[2]
    assert lines[3].endswith("| 97.00%, -2.00 (+15°) | 47.00%, -2.00 (+15°) |")
    assert lines[4].endswith("| 90.00%, -9.00 (40 of 255) | 40.00%, -9.00 (40 of 255) |")
    assert lines[5].endswith("without a change | 0.30% | 0.30% |")
    assert lines[6].endswith("at its worst | 2.00% | 2.00% |")
    assert "3,000 pen drawings of few.json" in lines[-1]
    assert "no digit are 0.00% without a change and at most 0.30% with" in lines[-1]


def test_goal_is_the_worst_loss_of_what_a_hand_does():
    result = _result()
    rows = result["data"][0]["conditions"]
    rows += [{**rows[0], "kind": kind} for kind in ("place", "size", "pen")]
    assert robustness_report.worst_loss(result) == 0.02  # noise is not of the hand
    for incomplete in ({**result, "file": None}, _result()):
        with pytest.raises(KeyError):
            robustness_report.worst_loss(incomplete)


def test_full_table_has_every_condition():
    text = robustness_report.full(_result())
    assert "| noise: 40 of 255 | 0.30% | 90.00% (89.00% to 91.00%) | 9.00 ± 0.20 | 90.00% | 2.00% | 3 |" in text
    assert text.count("\n| turn: ") == 2


def test_coarse_ink_is_blocks_of_so_many_pixels(rng):
    canvas = np.zeros((280, 280), np.uint8)
    canvas[40:240, 100:180] = 255
    found = conditions.coarsen(canvas, 10, rng)
    assert found.shape == (280, 280)
    assert extent(found) == (60, 220, 108, 172)  # 10 x 4 blocks of 16 pixels, in the middle
    assert (found[60:76, 108:124] == found[60, 108]).all()


def test_stretched_ink_is_a_square_but_for_a_bare_stem(rng):
    canvas = np.zeros((280, 280), np.uint8)
    canvas[40:240, 100:180] = 255
    top, bottom, left, right = extent(conditions.square(canvas, 16, rng))
    assert bottom - top == right - left == 160
    canvas[:, 110:] = 0
    top, bottom, left, right = extent(conditions.square(canvas, 16, rng))
    assert (bottom - top, right - left) == (160, 30)  # 16 x 3 blocks: 4 times 10 of 200, of 16 pixels
