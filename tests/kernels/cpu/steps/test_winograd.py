"""Convolution by Winograd's method: against float64 within the derived bound, gradients, bits, and its switch."""

from collections.abc import Iterator

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.kernels.cpu import steps
from fastcnn.kernels.cpu.tiles.winograd import A, B, G
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.threads import set_threads, threads
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten, MaxPool2d, ReLU
from fastcnn.network.sequential import Sequential
from tests.kernels.cpu.steps.convolution_step import Step

# (C, H, W), filters, padding, pictures: edges that fill no tile, borders that differ, one and many blocks of tiles.
# All are too small for several threads: so one form of each kernel is compiled.
SHAPES = [
    ((16, 12, 12), 32, ((1, 1), (1, 1)), 3),
    ((32, 9, 19), 48, ((1, 1), (1, 1)), 2),
    ((32, 11, 9), 16, ((0, 0), (0, 0)), 5),
    ((48, 6, 15), 16, ((2, 1), (0, 2)), 4),
    ((64, 6, 7), 48, ((1, 1), (1, 1)), 4),
    ((128, 8, 8), 16, ((1, 1), (1, 1)), 7),
]


@pytest.fixture(autouse=True)
def always() -> Iterator[None]:
    kernels.use("cpu", winograd="always")
    yield
    kernels.use("cpu")


def bound(x: np.ndarray, weight: np.ndarray, eps: float) -> np.ndarray:
    """The largest error of out (N, K, P, Q), to first order in eps; x has its border. See docs/kernels.md.

    Each element of |A^T| [sum over c of (|G| |w| |G^T|) * (|B^T| |x| |B|)] |A| is rounded at most C + 24 times.
    """
    a, g, b = map(np.abs, (A, G, B))
    N, C, H, W = x.shape
    P, Q = H - 2, W - 2
    rows, columns = -(-P // 4), -(-Q // 4)
    wide = np.zeros((N, C, 4 * rows + 2, 4 * columns + 2))
    wide[:, :, :H, :W] = np.abs(x)
    u = np.einsum("ir,kcrs,js->kcij", g, np.abs(weight).astype(float), g)
    out = np.zeros((N, len(weight), 4 * rows, 4 * columns))
    for p in range(rows):
        for q in range(columns):
            v = b @ wide[:, :, 4 * p : 4 * p + 6, 4 * q : 4 * q + 6] @ b.T
            out[:, :, 4 * p : 4 * p + 4, 4 * q : 4 * q + 4] = a @ np.einsum("kcij,ncij->nkij", u, v) @ a.T
    return (C + 24) * eps / 2 * out[:, :, :P, :Q]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "filters", "padding", "n"), SHAPES)
def test_error_is_within_the_derived_bound(shape, filters, padding, n, dtype) -> None:
    made = Step(shape, filters, padding, n, dtype)
    assert "winograd" in made.step.name
    error = np.abs(made.forward() - made.expected())
    allowed = bound(made.padded, made.weight, np.finfo(dtype).eps) + 2e-15 * np.abs(made.expected())
    assert (error <= allowed).all()


@pytest.mark.parametrize(("shape", "filters", "padding", "n"), SHAPES)
def test_error_on_random_numbers_is_within_that_of_exact_kernels(shape, filters, padding, n) -> None:
    made = Step(shape, filters, padding, n, np.float32)
    kernels.use("reference")
    terms = kernels.conv2d(*(np.abs(each).astype(np.float64) for each in (made.padded, made.weight, made.bias)))
    assert (np.abs(made.forward() - made.expected()) / (np.finfo(np.float32).eps * terms)).max() <= 8


def test_relu_and_max_pool_are_those_of_the_convolution() -> None:
    args = ((32, 9, 19), 48, ((1, 1), (1, 1)), 2, np.float32)
    plain = Step(*args).forward()
    np.testing.assert_array_equal(Step(*args, relu=True).forward(), np.maximum(plain, 0))
    pooled = np.maximum(plain, 0)[:, :, :8, :18].reshape(2, 48, 4, 2, 9, 2).max((3, 5))
    np.testing.assert_array_equal(Step(*args, relu=True, pool=True).forward(), pooled)


@pytest.mark.parametrize("shape", [(32, 9, 19), (16, 12, 12), (32, 10, 11)])
def test_max_pool_of_a_training_notes_the_first_largest_pixel(shape) -> None:
    args = (shape, 48, ((1, 1), (1, 1)), 2, np.float32)
    made, plain = Step(*args, relu=True, pool=True, training=True), Step(*args).forward()
    n, K, P, Q = plain.shape
    four = plain[:, :, : P // 2 * 2, : Q // 2 * 2].reshape(n, K, P // 2, 2, Q // 2, 2)
    four = four.transpose(0, 2, 4, 1, 3, 5).reshape(n, P // 2, Q // 2, K, 4)
    codes = np.where(four.max(4) <= 0, 4, four.argmax(4))
    assert "forward" in made.step.name and set(np.unique(codes)) == {0, 1, 2, 3, 4}
    made.step.codes[:] = 99
    out = made.forward(training=True)
    np.testing.assert_array_equal(out, np.maximum(four.max(4), 0).transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(made.step.codes.reshape(n, P // 2, Q // 2, -1)[..., :K], codes)


def test_an_addition_before_the_relu_has_the_bits_of_a_sum_after_the_convolution(rng) -> None:
    args = ((32, 9, 19), 48, ((1, 1), (1, 1)), 2, np.float32)
    plain = Step(*args).forward()
    added = rng.standard_normal(plain.shape).astype(np.float32)
    for relu in (False, True):
        made = Step(*args, relu=relu, add=True)
        assert ("winograd" in made.step.name) and ("+ add" in made.step.name)
        steps.Input(made.addend).load(added)
        want = plain + added
        np.testing.assert_array_equal(made.forward(), np.maximum(want, 0) if relu else want)


def test_nan_stays_nan() -> None:
    made = Step((16, 12, 12), 32, ((1, 1), (1, 1)), 2, np.float32, relu=True, pool=True)
    made.images[0, 3, 5, 5] = np.nan
    steps.Input(made.x).load(made.images)
    out = made.forward()
    assert np.isnan(out[0, :, 2, 2]).all()
    assert np.isfinite(out[1]).all()


def test_border_of_the_output_stays_zero() -> None:
    made = Step((32, 11, 9), 16, ((0, 0), (0, 0)), 5, np.float32)
    made.forward()
    pictures = made.out.data.reshape(5, 9 + 3, 7 + 1, 16)
    pictures[:, 1:10, 1:8] = 0
    assert not pictures.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "filters", "padding", "n"), SHAPES)
def test_gradient_of_the_input_is_within_the_derived_bound(shape, filters, padding, n, dtype) -> None:
    made = Step(shape, filters, padding, n, dtype, training=True)
    assert "gradient winograd" in made.step.name
    rng = np.random.default_rng(1)
    grad_out = rng.standard_normal((n, *made.out.shape)).astype(dtype)
    made.out.grad[:] = grad_out.transpose(0, 2, 3, 1).ravel()
    made.run(steps.without_twins(made.step.backward_calls(n)))
    C, H, W = shape
    actual = made.x.grad.reshape(n, H, W, C).transpose(0, 3, 1, 2)
    # The gradient is a convolution of grad_out, with a wide border, by the flipped weights.
    flipped = made.weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    (top, _), (left, _) = padding
    wide = np.pad(grad_out, ((0, 0), (0, 0), (2, 2), (2, 2)))[:, :, top : top + H + 2, left : left + W + 2]
    kernels.use("reference")
    expected = kernels.conv2d(wide.astype(np.float64), flipped.astype(np.float64))
    assert expected.shape == actual.shape
    allowed = bound(wide, flipped, np.finfo(dtype).eps) + 2e-15 * np.abs(expected)
    assert (np.abs(actual - expected) <= allowed).all()


def network(seed: int = 0, dtype=np.float64) -> Sequential:
    layers = [
        *(Conv2d(16, 3), BatchNorm2d(), ReLU(), Conv2d(32, 3, padding=1), ReLU(), MaxPool2d(2)),
        *(Conv2d(32, 3, padding=1), ReLU(), Flatten(), Affine(4)),
    ]
    return Sequential(layers, input_shape=(1, 14, 14), seed=seed, dtype=dtype)


@pytest.mark.slow  # compiles the steps of float64
def test_gradients_through_a_network_are_those_of_finite_differences(rng) -> None:
    net = network()
    images, labels = rng.random((4, 1, 14, 14)), np.array([0, 1, 2, 3])
    assert str(net.plan(4, training=True)).count("winograd") == 2
    net.loss_and_gradients(images, labels)
    gradients, values = net.gradients.copy(), net.values.copy()
    direction = rng.standard_normal(values.shape) * (gradients != 0)
    step = 1e-6 / np.abs(direction).max()

    def loss(change: float) -> float:
        net.values[:] = values + change * direction
        return float(net.loss_and_gradients(images, labels))

    slope = (loss(step) - loss(-step)) / (2 * step)
    assert abs(slope - gradients @ direction) <= 1e-6 * np.abs(gradients * direction).sum()


def test_bits_depend_on_no_number_of_threads() -> None:
    answers, before = [], threads()
    try:
        for count in (1, 2, 3):
            set_threads(count)
            answers.append(Step((32, 30, 30), 64, ((1, 1), (1, 1)), 3, np.float32).forward().copy())
    finally:
        set_threads(before)
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_array_equal(answers[0], answers[2])


def test_a_picture_has_the_same_bits_in_any_batch() -> None:
    many = Step((16, 14, 14), 32, ((1, 1), (1, 1)), 9, np.float32)
    answers = many.forward().copy()
    steps.Input(many.x).load(np.ascontiguousarray(many.images[4:5]))
    calls = many.step.forward_calls(1, False)
    many.run(calls)
    first = many.out.data.reshape(9, 14 + 3, 14 + 1, 32)[:1, 1:15, 1:15].transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(first, answers[4:5])


def test_the_switch_chooses_the_method_and_the_plan_shows_it(rng) -> None:
    net = network(dtype=np.float32)
    images = rng.random((4, 1, 14, 14)).astype(np.float32)
    answers = {}
    for word, inference, training in [("never", 0, 0), ("inference", 2, 0), ("always", 2, 2)]:
        kernels.use("cpu", winograd=word)
        assert str(net.plan(4, training=False)).count("winograd 4x4") == inference
        assert str(net.plan(4, training=True)).count("winograd 4x4") == training
        answers[word] = net.forward(images).copy()
    np.testing.assert_array_equal(answers["inference"], answers["always"])
    assert not np.array_equal(answers["never"], answers["always"])
    np.testing.assert_allclose(answers["never"], answers["always"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("dtype", "rtol", "atol"), [(np.float32, 1e-4, 1e-5), (np.float64, 1e-10, 1e-13)])
def test_training_is_exact_where_only_inference_may_use_the_method(dtype, rtol, atol, rng) -> None:
    images, labels = rng.random((4, 1, 14, 14)).astype(dtype), np.array([0, 1, 2, 3])
    gradients = {}
    for word in (None, "always", "inference", "never"):
        kernels.use("cpu", winograd=word)
        net = network(dtype=dtype)
        net.loss_and_gradients(images, labels)
        gradients[word] = net.gradients.copy()
    np.testing.assert_array_equal(gradients[None], gradients["always"])
    np.testing.assert_array_equal(gradients["inference"], gradients["never"])
    assert not np.array_equal(gradients["always"], gradients["never"])
    np.testing.assert_allclose(gradients["always"], gradients["never"], rtol=rtol, atol=atol)


def test_the_environment_chooses_where_use_says_nothing(monkeypatch) -> None:
    monkeypatch.setenv("FASTCNN_WINOGRAD", "never")
    kernels.use("cpu")
    assert "winograd" not in str(network().plan(4, training=False))
    kernels.use("cpu", winograd="inference")
    assert "winograd" in str(network().plan(4, training=False))


def test_few_tiles_or_odd_channels_are_exact() -> None:
    border = ((1, 1), (1, 1))
    for shape, filters, method in [
        ((64, 8, 8), 64, True),  # 4 tiles
        ((32, 6, 6), 32, True),  # 36 of 64 pixels
        ((32, 5, 5), 32, False),  # 25
        ((32, 4, 12), 32, False),  # 3 tiles
        ((16, 12, 12), 32, True),
        ((16, 12, 12), 16, VECTOR_BYTES < 64),  # 256 pairs
        ((24, 12, 12), 32, False),
        ((32, 12, 12), 40, False),
    ]:
        for n in (1, 9):  # a picture has the same bits alone and in any batch
            assert ("winograd" in Step(shape, filters, border, n, np.float32).step.name) == method, (shape, filters)


@pytest.mark.parametrize("word", ["sometimes", "", True, 4])
def test_another_word_is_refused(word) -> None:
    with pytest.raises(ValueError, match=r"^winograd must be one of never, inference, always, got "):
        kernels.use("cpu", winograd=word)


def test_another_word_in_the_environment_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("FASTCNN_WINOGRAD", "sometimes")
    kernels.use("cpu")
    with pytest.raises(ValueError, match=r"^FASTCNN_WINOGRAD must be one of .*, got 'sometimes'$"):
        network().plan(4, training=False)


@pytest.mark.torch
@pytest.mark.parametrize(("shape", "filters", "padding", "n"), SHAPES[:3])
def test_output_and_gradient_are_those_of_pytorch(shape, filters, padding, n) -> None:
    torch = pytest.importorskip("torch")
    made = Step(shape, filters, padding, n, np.float64, training=True)
    x = torch.tensor(made.images, requires_grad=True)
    out = torch.nn.functional.conv2d(x, torch.tensor(made.weight), torch.tensor(made.bias), padding=padding[0][0])
    np.testing.assert_allclose(made.forward(), out.detach().numpy(), rtol=1e-11, atol=1e-11)
    grad_out = np.random.default_rng(1).standard_normal(out.shape)
    out.backward(torch.tensor(grad_out))
    made.out.grad[:] = grad_out.transpose(0, 2, 3, 1).ravel()
    made.run(steps.without_twins(made.step.backward_calls(n)))
    C, H, W = shape
    actual = made.x.grad.reshape(n, H, W, C).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(actual, x.grad.numpy(), rtol=1e-11, atol=1e-11)
