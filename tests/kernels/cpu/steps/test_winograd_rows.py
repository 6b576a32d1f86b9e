"""Convolution of 5x5, ReLU and max-pool by Winograd's method along rows: the derived bound, bits, and its switch."""

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.kernels.cpu import steps
from fastcnn.kernels.cpu.tiles.winograd_rows import A, B, G
from fastcnn.kernels.threads import set_threads, threads
from fastcnn.layers import Affine, Conv2d, Flatten, MaxPool2d, ReLU
from fastcnn.network.sequential import Sequential
from fastcnn.zoo.networks import paper_network
from tests.kernels.cpu.steps.convolution_step import Step

# (C, H, W), filters, padding, pictures: whole and half tiles, odd outputs, borders that differ, part vectors.
SHAPES = [
    ((1, 28, 28), 30, ((0, 0), (0, 0)), 3),
    ((3, 10, 12), 16, ((2, 2), (2, 2)), 2),
    ((6, 14, 15), 16, ((0, 1), (1, 0)), 2),
    ((8, 9, 12), 13, ((0, 0), (2, 1)), 4),
    ((64, 9, 12), 16, ((0, 0), (0, 0)), 2),
]


@pytest.fixture(autouse=True)
def allowed():
    kernels.use("cpu", winograd="inference")
    yield
    kernels.use("cpu")


def pooled(plain: np.ndarray) -> np.ndarray:
    """ReLU and 2x2 max-pool."""
    n, K, P, Q = plain.shape
    return np.maximum(plain[:, :, : P // 2 * 2, : Q // 2 * 2], 0).reshape(n, K, P // 2, 2, Q // 2, 2).max((3, 5))


def bound(x: np.ndarray, weight: np.ndarray, eps: float) -> np.ndarray:
    """The largest error of out (N, K, P, Q), to first order in eps; x has its border. See docs/kernels.md.

    Each element of |A^T| [sum over channels and rows of (|G| |w|) * (|B^T| |x|)] is rounded at most 5 C + 15 times.
    """
    a, g, b = map(np.abs, (A, G, B))
    N, C, H, W = x.shape
    P, Q = H - 4, W - 4
    tiles = -(-Q // 4)
    wide = np.zeros((N, C, H, 4 * tiles + 4))
    wide[..., :W] = np.abs(x)
    u = np.einsum("is,kcrs->kcri", g, np.abs(weight).astype(float))
    out = np.zeros((N, len(weight), P, 4 * tiles))
    for p in range(P):
        for q in range(0, 4 * tiles, 4):
            v = np.einsum("ij,ncrj->ncri", b, wide[:, :, p : p + 5, q : q + 8])
            out[:, :, p, q : q + 4] = np.einsum("kcri,ncri->nki", u, v) @ a.T
    return (5 * C + 15) * eps / 2 * out[..., :Q]


def made(*args, **options) -> Step:
    step = Step(*args, size=5, relu=True, pool=True, **options)
    assert ("winograd 1x4" in step.step.name) == (not options.get("training"))
    return step


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "filters", "padding", "n"), SHAPES)
def test_error_is_within_the_derived_bound(shape, filters, padding, n, dtype) -> None:
    step = made(shape, filters, padding, n, dtype)
    plain = step.expected()
    allowed = bound(step.padded, step.weight, np.finfo(dtype).eps) + 2e-15 * np.abs(plain)
    assert (np.abs(step.forward() - pooled(plain)) <= pooled(allowed)).all()


@pytest.mark.parametrize(("shape", "filters", "padding", "n"), SHAPES)
def test_error_on_random_numbers_is_within_that_of_exact_kernels(shape, filters, padding, n) -> None:
    step = made(shape, filters, padding, n, np.float32)
    kernels.use("reference")
    terms = kernels.conv2d(*(np.abs(each).astype(np.float64) for each in (step.padded, step.weight, step.bias)))
    error = np.abs(step.forward() - pooled(step.expected()))
    assert (error / (np.finfo(np.float32).eps * pooled(terms))).max() <= 8


def test_nan_stays_nan() -> None:
    step = made((3, 10, 12), 16, ((2, 2), (2, 2)), 2, np.float32)
    step.images[0, 1, 5, 5] = np.nan
    steps.Input(step.x).load(step.images)
    out = step.forward()
    assert np.isnan(out[0, :, 2, 2]).all()
    assert np.isfinite(out[1]).all()


def test_border_of_the_output_stays_zero() -> None:
    step = made((3, 10, 12), 13, ((2, 2), (2, 2)), 2, np.float32)
    step.forward()
    pictures = step.out.data.reshape(2, 5 + 3, 6 + 1, 13)
    assert pictures.any()
    pictures[:, 1:6, 1:7] = 0
    assert not pictures.any()


def test_bits_depend_on_no_number_of_threads_or_pictures() -> None:
    """One picture is a team's work: threads share its rows."""
    answers, before = [], threads()
    net = paper_network(seed=1)
    pictures = np.random.default_rng(0).random((60, 1, 28, 28)).astype(np.float32)
    try:
        for count in (1, 2, 3):
            set_threads(count)
            for batch in (1, 7, 60):
                scores = [net.forward(pictures[at : at + batch]) for at in range(0, 60, batch)]
                answers.append(np.concatenate(scores))
    finally:
        set_threads(before)
    assert "winograd 1x4" in str(net.plan(60, training=False))
    for other in answers[1:]:
        np.testing.assert_array_equal(other, answers[0])


@pytest.mark.parametrize(("dtype", "rtol", "atol"), [(np.float32, 1e-4, 1e-5), (np.float64, 1e-12, 1e-13)])
def test_the_switch_chooses_the_method_and_a_training_is_exact(dtype, rtol, atol) -> None:
    pictures, labels = np.random.default_rng(0).random((4, 1, 12, 12)).astype(dtype), np.arange(4)
    answers, gradients = {}, {}
    for word in ("never", "inference", "always"):
        kernels.use("cpu", winograd=word)
        layers = [Conv2d(60, 5), ReLU(), MaxPool2d(2), Flatten(), Affine(4)]
        net = Sequential(layers, input_shape=(1, 12, 12), seed=0, dtype=dtype)
        assert str(net.plan(4, training=False)).count("winograd 1x4") == (word != "never")
        assert "winograd" not in str(net.plan(4, training=True))
        answers[word] = net.forward(pictures).copy()
        net.loss_and_gradients(pictures, labels)
        gradients[word] = net.gradients.copy()
    np.testing.assert_array_equal(gradients["never"], gradients["always"])
    np.testing.assert_array_equal(answers["inference"], answers["always"])
    assert not np.array_equal(answers["never"], answers["always"])
    np.testing.assert_allclose(answers["never"], answers["always"], rtol=rtol, atol=atol)


def test_new_weights_are_transformed() -> None:
    net, other = paper_network(seed=1), paper_network(seed=2)
    pictures = np.random.default_rng(0).random((4, 1, 28, 28)).astype(np.float32)
    before, wanted = net.forward(pictures).copy(), other.forward(pictures)
    net.values[:] = other.values
    assert not np.array_equal(before, wanted)
    np.testing.assert_array_equal(net.forward(pictures), wanted)


def test_other_convolutions_are_exact() -> None:
    none = ((0, 0), (0, 0))
    for shape, filters, method in [
        ((1, 28, 28), 30, True),
        ((128, 12, 12), 16, True),
        ((129, 12, 12), 16, False),  # too many channels
        ((8, 12, 10), 16, True),  # 6 of 8 columns
        ((8, 12, 14), 16, True),  # 10 of 12
        ((8, 12, 7), 16, False),  # 2 of 4
        ((1, 14, 14), 30, True),  # 3,000 products
        ((1, 14, 14), 29, False),
    ]:
        for n in (1, 9):  # a picture has the same bits alone and in any batch
            step = Step(shape, filters, none, n, np.float32, size=5, relu=True, pool=True)
            assert ("winograd" in step.step.name) == method, (shape, filters)
    assert "winograd" not in Step((1, 12, 12), 16, none, 1, np.float32, size=5, relu=True).step.name
    assert "winograd" not in Step((1, 12, 12), 16, none, 1, np.float32, size=7, relu=True, pool=True).step.name
