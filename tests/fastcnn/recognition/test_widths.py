"""Other widths: what becomes of the ink, which answers are joined, with what, and what that is good for."""

import numpy as np
import pytest
from PIL import Image

from fastcnn import Recognizer, load_mnist
from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.preparation import reasons
from fastcnn.handwriting.preparation.prepare import prepare
from fastcnn.handwriting.synthesis.digits import synthetic_digits
from fastcnn.network.calibration import calibrated
from fastcnn.recognition import recognizer as module
from fastcnn.recognition.answer import digit_answer
from fastcnn.recognition.recognizer import POOR, digit_scores, refusing_network
from fastcnn.recognition.widths import WIDTHS, joined, with_width

FRAME = np.array([(0, 0), (0, 100), (100, 100), (100, 0), (0, 0)], float)


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


@pytest.fixture(scope="module")
def stretched():
    """Digits of MNIST's training set as a form's reader gives them: squares of 16 x 16, black and white."""
    (images, labels), _ = load_mnist(normalize=False)
    pictures = []
    for image in images[:250, 0]:
        rows, columns = np.nonzero(image >= 64)
        ink = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        few = np.asarray(Image.fromarray(ink).resize((16, 16), Image.Resampling.BOX))
        pictures.append(np.pad(np.where(few >= 100, np.uint8(255), np.uint8(0)), 3))
    return pictures, labels[:250]


@pytest.fixture(scope="module")
def answers(recognizer, stretched):
    return recognizer.recognize_many(stretched[0])


def sides(field):
    """Height and width of the ink, in pixels of the field."""
    return np.count_nonzero(field.max(axis=1) > 0.3), np.count_nonzero(field.max(axis=0) > 0.3)


@pytest.mark.parametrize("times", [0.5, 1.0, 1.25])
def test_ink_gets_another_width_and_fills_the_box(times):
    found = with_width(prepare(draw([FRAME], Pose(0.6, 18.0, 0.5, 0.5))), times)
    assert found.shape == (28, 28)
    assert found.dtype == np.float32
    assert found.max() <= 1
    height, width = sides(found)
    assert width / height == pytest.approx(times, abs=0.15)
    assert 18 <= max(height, width) <= 21


def test_a_stroke_of_one_pixel_gets_every_width():
    field = np.zeros((28, 28), np.float32)
    field[4:24, 14] = 1
    for times in (0.01, *WIDTHS, 20.0):
        assert with_width(field, times).max() > 0.5
        assert with_width(field.T.copy(), times).max() > 0.5


def test_sure_answers_are_those_of_the_network_alone(recognizer):
    drawn, _ = synthetic_digits(150, seed=11)
    pictures = [np.pad(picture, 2) for picture in drawn[:, 0]]
    fields = np.stack([prepare(picture) for picture in pictures])[:, np.newaxis]
    expected, scores = calibrated(recognizer.network, fields), digit_scores(refusing_network(), fields)
    sure = expected.max(axis=1) * scores >= POOR
    assert sure.sum() > 100
    found = recognizer.recognize_many(pictures)
    for number in np.flatnonzero(sure):
        np.testing.assert_array_equal(found[number].probabilities, expected[number])
        assert found[number].digit_score == scores[number]


def test_unsure_answers_are_the_mean_of_all_widths(recognizer, stretched):
    fields = np.stack([prepare(picture) for picture in stretched[0]])
    batch = fields[:, np.newaxis]
    one, scores = calibrated(recognizer.network, batch), digit_scores(refusing_network(), batch)
    taken = scores >= 0.5
    unsure = np.flatnonzero(~taken | (one.max(axis=1) * scores < POOR))
    assert len(unsure) > 5
    found = recognizer.recognize_many([stretched[0][number] for number in unsure])
    for number, answer in zip(unsure, found, strict=True):
        views = np.stack([fields[number], *(with_width(fields[number], times) for times in WIDTHS)])[:, np.newaxis]
        mean = calibrated(recognizer.network, views).mean(axis=0)
        np.testing.assert_allclose(answer.probabilities, mean, atol=1e-5)
        np.testing.assert_array_equal(answer.input, fields[number])
        together = digit_scores(refusing_network(), views).mean()
        assert answer.digit_score == pytest.approx(max(scores[number], 0.8 * together), abs=1e-5)
        assert (answer.digit is None) == (answer.digit_score < 0.5)
        assert answer.digit in (None, mean.argmax())
        assert answer.confidence == (0 if answer.digit is None else answer.probabilities.max())


def test_more_digits_of_forms_are_right_and_fewer_refused(answers, recognizer, stretched, monkeypatch):
    pictures, labels = stretched
    monkeypatch.setattr(module, "_may_be_stretched", lambda plane, answer: False)
    before = recognizer.recognize_many(pictures)
    right, was_right = (sum(a.digit == n for a, n in zip(each, labels, strict=True)) for each in (answers, before))
    refused, were_refused = (sum(a.digit is None for a in each) for each in (answers, before))
    assert right >= was_right + 3
    assert refused < were_refused


@pytest.mark.parametrize(("wider", "digit"), [(0.75, 7), (1.0, 1)])  # the mean for 1 is 0.57, and 0.76
def test_a_photographed_digit_changes_only_for_a_surer_one(wider, digit):
    def said(number, confidence):
        shares = np.full(10, (1 - confidence) / 9, np.float32)
        shares[number] = confidence
        return digit_answer(shares, np.zeros((28, 28), np.float32), 0.9, several=False, lines=False)

    first, others = said(7, 0.6), [said(1, wider)] * 3
    assert joined(first, others, careful=True)[0].argmax() == digit
    assert joined(first, others, careful=False)[0].argmax() == 1


def test_pictures_in_the_form_of_mnist_are_read_as_they_are(recognizer):
    (images, _), _ = load_mnist(normalize=False)
    squeezed = np.zeros((60, 28, 28), np.uint8)
    squeezed[:, 4:24, 9:19] = images[:60, 0, 4:24, 4:24:2]  # few answers are sure
    fields = np.stack([prepare(picture) for picture in squeezed])[:, np.newaxis]
    expected, scores = calibrated(recognizer.network, fields), digit_scores(refusing_network(), fields)
    assert (expected.max(axis=1) * scores < POOR).sum() >= 5
    for answer, shares, score in zip(recognizer.recognize_many(squeezed), expected, scores, strict=True):
        np.testing.assert_array_equal(answer.probabilities, shares)
        assert answer.digit_score == score


def test_answers_do_not_depend_on_the_others(answers, recognizer, stretched):
    for number in np.random.default_rng(0).permutation(len(answers))[:20]:
        alone = recognizer.recognize(stretched[0][number])
        assert alone.digit == answers[number].digit
        np.testing.assert_allclose(alone.probabilities, answers[number].probabilities, atol=1e-5)


def test_a_refusal_for_another_reason_stays(recognizer, monkeypatch):
    def looked(field, times):
        raise AssertionError("looked at in another width")

    monkeypatch.setattr(module, "with_width", looked)
    framed = np.zeros((40, 40), np.uint8)  # too small to search for paper and its frames
    framed[2:38, 2:38] = 255
    framed[4:36, 4:36] = 0
    framed[12:28, 20:22] = 255
    answers = recognizer.recognize_many([np.zeros((60, 60), np.uint8), framed])
    assert [answer.reason for answer in answers] == [reasons.BLANK, reasons.FRAME]
    assert all(answer.digit is None for answer in answers)
