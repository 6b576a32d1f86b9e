"""Every backend against numbers worked out by hand; these hold the reference itself."""

import numpy as np
import pytest

from fastcnn import kernels

pytestmark = [
    pytest.mark.usefixtures("backend"),
    pytest.mark.parametrize("dtype", [np.float32, np.float64]),
]

NAN, INF = np.nan, np.inf
Dtype = type[np.floating]


def plane(rows: list[list[float]], dtype: Dtype) -> np.ndarray:
    """One image with one channel."""
    return np.array([[rows]], dtype)


def one_to_nine(dtype: Dtype) -> np.ndarray:
    return plane([[1, 2, 3], [4, 5, 6], [7, 8, 9]], dtype)


def ones(shape: tuple[int, ...], dtype: Dtype) -> np.ndarray:
    return np.ones(shape, dtype)


def test_im2col_has_a_row_for_each_window(dtype: Dtype) -> None:
    x = np.arange(12, dtype=dtype).reshape(1, 1, 3, 4)
    assert kernels.im2col(x, (2, 3)).tolist() == [
        [0, 1, 2, 4, 5, 6],
        [1, 2, 3, 5, 6, 7],
        [4, 5, 6, 8, 9, 10],
        [5, 6, 7, 9, 10, 11],
    ]


def test_im2col_orders_columns_by_channel_then_pixel(dtype: Dtype) -> None:
    x = np.array([[[[0, 1]], [[10, 11]]], [[[100, 101]], [[110, 111]]]], dtype)
    assert kernels.im2col(x, (1, 2)).tolist() == [[0, 1, 10, 11], [100, 101, 110, 111]]


def test_im2col_pads_each_side_by_its_own_number(dtype: Dtype) -> None:
    cols = kernels.im2col(plane([[1, 2], [3, 4]], dtype), 2, padding=((1, 0), (0, 1)))
    assert cols.tolist() == [[0, 0, 1, 2], [0, 0, 2, 0], [1, 2, 3, 4], [2, 0, 4, 0]]


def test_im2col_pair_of_paddings_is_height_and_width(dtype: Dtype) -> None:
    cols = kernels.im2col(plane([[1, 2]], dtype), 1, padding=(0, 1))
    assert cols.ravel().tolist() == [0, 1, 2, 0]


def test_im2col_dilation_and_stride(dtype: Dtype) -> None:
    assert kernels.im2col(one_to_nine(dtype), 2, dilation=2).tolist() == [[1, 3, 7, 9]]
    assert kernels.im2col(one_to_nine(dtype), 1, stride=(2, 1)).ravel().tolist() == [1, 2, 3, 7, 8, 9]


def test_col2im_adds_where_windows_overlap(dtype: Dtype) -> None:
    images = kernels.col2im(ones((4, 6), dtype), (1, 1, 3, 4), (2, 3))
    assert images.tolist() == [[[[1, 2, 2, 1], [2, 4, 4, 2], [1, 2, 2, 1]]]]


def test_col2im_drops_what_falls_into_the_padding(dtype: Dtype) -> None:
    cols = np.arange(1, 17, dtype=dtype).reshape(4, 4)
    images = kernels.col2im(cols, (1, 1, 2, 2), 2, padding=((1, 0), (0, 1)))
    # Pixel (0, 0): 3rd of window 0 and 1st of window 2. (0, 1): 4th of 0, 3rd of 1, 2nd of 2, 1st of 3. Row 1 likewise.
    assert images.tolist() == [[[[3 + 9, 4 + 7 + 10 + 13], [11, 12 + 15]]]]


def test_conv2d_does_not_flip_the_kernel(dtype: Dtype) -> None:
    out = kernels.conv2d(one_to_nine(dtype), plane([[1, 2], [3, 4]], dtype))
    assert out.tolist() == [[[[37, 47], [67, 77]]]]


def test_conv2d_adds_the_bias_of_each_output_channel(dtype: Dtype) -> None:
    weight = np.array([[[[1]]], [[[10]]]], dtype)
    out = kernels.conv2d(plane([[2, 3]], dtype), weight, np.array([0.5, -1], dtype))
    assert out.tolist() == [[[[2.5, 3.5]], [[19, 29]]]]


def test_conv2d_sums_over_input_channels(dtype: Dtype) -> None:
    x = np.array([3, 5], dtype).reshape(1, 2, 1, 1)
    assert kernels.conv2d(x, np.array([10, 1], dtype).reshape(1, 2, 1, 1)).tolist() == [[[[35]]]]


def test_conv2d_groups_see_only_their_own_channels(dtype: Dtype) -> None:
    x = np.array([3, 5], dtype).reshape(1, 2, 1, 1)
    out = kernels.conv2d(x, np.array([1, 2, 3, 4], dtype).reshape(4, 1, 1, 1), groups=2)
    assert out.ravel().tolist() == [3, 6, 15, 20]


def test_conv2d_rounds_the_output_size_down(dtype: Dtype) -> None:
    x = plane([[1, 2, 3, 4, 5, 6]], dtype)
    assert kernels.conv2d(x, plane([[1, 10]], dtype), stride=3).tolist() == [[[[21, 54]]]]


def test_conv2d_takes_a_kernel_larger_than_the_image(dtype: Dtype) -> None:
    out = kernels.conv2d(plane([[5]], dtype), one_to_nine(dtype), padding=1)
    assert out.tolist() == [[[[25]]]]


def test_conv2d_grad_input_meets_each_pixel_once_for_each_window(dtype: Dtype) -> None:
    grad_input = kernels.conv2d_grad_input(ones((1, 1, 2, 2), dtype), plane([[1, 2], [3, 4]], dtype), (1, 1, 3, 3))
    assert grad_input.tolist() == [[[[1, 3, 2], [4, 10, 6], [3, 7, 4]]]]


def test_conv2d_grad_input_is_zero_where_no_window_was(dtype: Dtype) -> None:
    grad_out = plane([[1, 2]], dtype)
    grad_input = kernels.conv2d_grad_input(grad_out, plane([[1, 10]], dtype), (1, 1, 1, 6), stride=3)
    assert grad_input.tolist() == [[[[1, 10, 0, 2, 20, 0]]]]


def test_conv2d_grad_weight_sums_over_windows_and_images(dtype: Dtype) -> None:
    x = np.concatenate([one_to_nine(dtype), ones((1, 1, 3, 3), dtype)])
    grad_weight = kernels.conv2d_grad_weight(ones((2, 1, 2, 2), dtype), x, 2)
    assert grad_weight.tolist() == [[[[16, 20], [28, 32]]]]


def test_conv2d_grad_weight_of_groups(dtype: Dtype) -> None:
    x = np.array([3, 5], dtype).reshape(1, 2, 1, 1)
    grad_out = np.array([1, 10, 100, 1000], dtype).reshape(1, 4, 1, 1)
    assert kernels.conv2d_grad_weight(grad_out, x, 1, groups=2).ravel().tolist() == [3, 30, 500, 5000]


def test_conv2d_grad_weight_of_an_empty_batch_is_zero(dtype: Dtype) -> None:
    grad_weight = kernels.conv2d_grad_weight(ones((0, 2, 3, 3), dtype), ones((0, 3, 4, 4), dtype), 2)
    assert grad_weight.tolist() == np.zeros((2, 3, 2, 2)).tolist()


@pytest.mark.parametrize(
    ("rows", "kernel_size", "options", "out", "argmax"),
    [
        ([[1, 3, 2], [4, 0, 5]], 2, {"stride": 1}, [4, 5], [3, 5]),
        ([[7, 7, 7], [7, 7, 7], [7, 7, 7]], 2, {"stride": 1}, [7, 7, 7, 7], [0, 1, 3, 4]),
        ([[1, 2, 9], [3, 2, 9]], (2, 2), {}, [3], [3]),
        ([[0, -0.0], [-0.0, 0]], 2, {}, [0], [0]),
        ([[-5, -6], [-7, -8]], 2, {"padding": 1}, [-5, -6, -7, -8], [0, 1, 2, 3]),
        ([[1, 2, 3]], (1, 2), {"padding": ((0, 0), (1, 0))}, [1, 3], [0, 2]),
        ([[1, NAN], [NAN, 2]], 2, {}, [NAN], [1]),
        ([[INF, 1], [2, NAN]], 2, {}, [NAN], [3]),
        ([[NAN, 1, 2]], (1, 2), {"stride": 1}, [NAN, 2], [0, 2]),
        ([[-INF, INF]], (1, 2), {}, [INF], [1]),
        ([[-INF] * 4] * 4, 3, {"padding": 1}, [-INF] * 4, [0, 2, 8, 10]),
        ([[-INF, -1], [-INF, NAN]], 3, {"padding": 1, "stride": 1}, [NAN] * 4, [3] * 4),
        ([[5, 9, 5, 1, 4]], (1, 2), {"stride": 1, "dilation": (1, 2)}, [5, 9, 5], [0, 1, 2]),
        ([[1, 2, 3, 0]], (1, 3), {"padding": (0, 1), "stride": 1, "dilation": 2}, [2, 3], [1, 2]),
        ([[1, 2, 9], [3, 2, -7]], 2, {"ceil_mode": True}, [3, 9], [3, 2]),
        ([[1, 2, 3, 4]], (1, 1), {"stride": (1, 3), "ceil_mode": True}, [1, 4], [0, 3]),
        ([[1, 2, 3]], (1, 2), {"padding": (0, 1), "ceil_mode": True}, [1, 3], [0, 2]),
    ],
    ids=[
        "largest", "tie", "stride is the kernel", "negative zero ties with zero", "padding never wins", "padding left",
        "first NaN", "NaN above infinity", "NaN stays in its window", "infinity", "minus infinity", "NaN in padding",
        "dilation: the first of a tie", "dilation over padding", "rounded up", "nothing to round",
        "none after the picture",
    ],
)  # fmt: skip
def test_max_pool2d(dtype: Dtype, rows: list, kernel_size: object, options: dict, out: list, argmax: list) -> None:
    actual_out, actual_argmax = kernels.max_pool2d(plane(rows, dtype), kernel_size, **options)  # type: ignore[arg-type]
    np.testing.assert_array_equal(actual_out.ravel(), np.array(out, dtype))
    assert actual_argmax.ravel().tolist() == argmax
    assert actual_argmax.dtype == np.int64


def test_max_pool2d_counts_argmax_from_each_plane(dtype: Dtype) -> None:
    x = np.zeros((2, 2, 2, 3), dtype)
    x[:, :, 1, 2] = 1
    out, argmax = kernels.max_pool2d(x, (2, 3))
    assert out.tolist() == np.ones((2, 2, 1, 1)).tolist()
    assert argmax.tolist() == np.full((2, 2, 1, 1), 5).tolist()


def test_max_pool2d_grad_adds_where_windows_overlap(dtype: Dtype) -> None:
    grad_input = kernels.max_pool2d_grad(plane([[10, 20]], dtype), np.array([[[[1, 1]]]]), (1, 1, 1, 3))
    assert grad_input.tolist() == [[[[0, 30, 0]]]]


def test_max_pool2d_grad_keeps_planes_apart(dtype: Dtype) -> None:
    grad_out = np.array([1, 2, 3, 4], dtype).reshape(2, 2, 1, 1)
    grad_input = kernels.max_pool2d_grad(grad_out, np.array([0, 1, 2, 3]).reshape(2, 2, 1, 1), (2, 2, 2, 2))
    assert grad_input.reshape(4, 4).tolist() == np.diag([1, 2, 3, 4]).tolist()
