"""ONNX's own tests of the operators that become layers pass: through the import, and through the kernels."""

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.network.losses import softmax
from tests.kernels.checks import running

pytest.importorskip("onnx")
from onnx import helper

from tests.fastcnn.onnx.node_tests import close, network_and_arrays, node_tests, reason

PASSING = [
    "test_averagepool_2d_ceil",
    "test_averagepool_2d_ceil_last_window_starts_on_pad",
    "test_averagepool_2d_default",
    "test_averagepool_2d_dilations",
    "test_averagepool_2d_pads",
    "test_averagepool_2d_pads_count_include_pad",
    "test_averagepool_2d_precomputed_pads",
    "test_averagepool_2d_precomputed_pads_count_include_pad",
    "test_averagepool_2d_precomputed_same_upper",
    "test_averagepool_2d_precomputed_strides",
    "test_averagepool_2d_same_lower",
    "test_averagepool_2d_same_upper",
    "test_averagepool_2d_strides",
    "test_basic_conv_with_padding",
    "test_basic_conv_without_padding",
    "test_batchnorm_epsilon",
    "test_batchnorm_example",
    "test_clip_default_min",
    "test_conv_with_autopad_same",
    "test_conv_with_strides_and_asymmetric_padding",
    "test_conv_with_strides_no_padding",
    "test_conv_with_strides_padding",
    "test_dropout_default",
    "test_dropout_default_ratio",
    "test_dropout_random_old",
    "test_flatten_axis1",
    "test_flatten_default_axis",
    "test_flatten_negative_axis3",
    "test_gelu_default_2",
    "test_gelu_tanh_2",
    "test_gemm_alpha",
    "test_gemm_beta",
    "test_gemm_default_no_bias",
    "test_gemm_default_scalar_bias",
    "test_gemm_default_single_elem_vector_bias",
    "test_gemm_default_vector_bias",
    "test_gemm_default_zero_bias",
    "test_gemm_transposeB",
    "test_globalaveragepool",
    "test_globalaveragepool_precomputed",
    "test_identity",
    "test_leakyrelu",
    "test_leakyrelu_default",
    "test_logsoftmax_example_1",
    "test_logsoftmax_large_number",
    "test_matmul_2d",
    "test_maxpool_2d_ceil",
    "test_maxpool_2d_ceil_output_size_reduce_by_one",
    "test_maxpool_2d_default",
    "test_maxpool_2d_dilations",
    "test_maxpool_2d_pads",
    "test_maxpool_2d_precomputed_pads",
    "test_maxpool_2d_precomputed_same_upper",
    "test_maxpool_2d_precomputed_strides",
    "test_maxpool_2d_same_lower",
    "test_maxpool_2d_same_upper",
    "test_maxpool_2d_strides",
    "test_relu",
    "test_reshape_reduced_dims",
    "test_reshape_zero_and_negative_dim",
    "test_reshape_zero_dim",
    "test_softmax_example",
    "test_softmax_large_number",
    "test_squeeze_negative_axes",
    "test_transpose_all_permutations_0",
    "test_unsqueeze_axis_1",
    "test_unsqueeze_axis_2",
    "test_unsqueeze_negative_axes",
    "test_unsqueeze_three_axes",
    "test_unsqueeze_two_axes",
    "test_unsqueeze_unsorted_axes",
]
KERNELS = ("test_basic_conv", "test_conv_with", "test_maxpool_2d")


@pytest.fixture(scope="module")
def cases():
    return node_tests()


@pytest.mark.slow  # reads all the other tests
def test_the_list_is_complete(cases):
    """All others have a reason, which `python -m tests.fastcnn.onnx.node_tests` prints."""
    assert len(PASSING) == len(set(PASSING)) == 71 and len(cases) >= 235
    others = {name: reason(case) for name, case in cases.items() if name not in PASSING}
    assert not [name for name, why in others.items() if why in ("", "WRONG")]


@pytest.mark.parametrize("backend", ["reference", "cpu"])
@pytest.mark.parametrize("name", PASSING)
def test_onnxs_own_test_passes_through_the_import(name, backend, cases):
    network, x, expected = network_and_arrays(cases[name])
    with running(backend):
        answers = network.forward(x)
    kind = cases[name].model.graph.node[0].op_type
    answers = softmax(answers) if kind.endswith("Softmax") else answers
    expected = np.exp(expected) if kind == "LogSoftmax" else expected
    assert answers.shape == expected.shape and close(cases[name], answers, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("backend", ["reference", "cpu"])
@pytest.mark.parametrize("name", [name for name in PASSING if name.startswith(KERNELS)])
def test_onnxs_own_test_passes_through_the_kernels(name, backend, dtype, cases):
    (x, *more), (expected, *_) = cases[name].data_sets[0]
    node = cases[name].model.graph.node[0]
    options = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    kernel, stride = options["kernel_shape"], options.get("strides", [1, 1])
    dilation, pads = tuple(options.get("dilations", [1, 1])), options.get("pads", [0] * 4)
    if auto := options.get("auto_pad", b"").decode():
        zeros = [
            max((-(-size // step) - 1) * step + width - size, 0)
            for size, step, width in zip(x.shape[2:], stride, kernel, strict=True)
        ]
        halves = [(each // 2, each - each // 2) for each in zeros]
        (top, bottom), (left, right) = halves if auto == "SAME_UPPER" else [pair[::-1] for pair in halves]
        pads = [top, left, bottom, right]
    geometry = {"stride": tuple(stride), "padding": ((pads[0], pads[2]), (pads[1], pads[3])), "dilation": dilation}
    with running(backend):
        if node.op_type == "Conv":
            out = kernels.conv2d(x.astype(dtype), more[0].astype(dtype), **geometry)
        else:
            ceil = bool(options.get("ceil_mode", 0))
            out, _ = kernels.max_pool2d(x.astype(dtype), tuple(kernel), **geometry, ceil_mode=ceil)
    assert out.dtype == dtype and out.shape == expected.shape and close(cases[name], out, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("backend", ["reference", "cpu"])
@pytest.mark.parametrize("name", ["precomputed_pads", "precomputed_strides"])
def test_onnxs_own_test_of_the_place_of_the_maximum_passes_through_the_kernels(name, backend, dtype, cases):
    """No layer gives the place, so the importer refuses it. The second test counts the pixels column by column."""
    case = cases[f"test_maxpool_with_argmax_2d_{name}"]
    (x, *_), (expected, places) = case.data_sets[0]
    geometry = ((5, 5), {"stride": 1, "padding": 2}) if name.endswith("pads") else ((2, 2), {"stride": 2})
    with running(backend):
        out, argmax = kernels.max_pool2d(x.astype(dtype), geometry[0], **geometry[1])
    np.testing.assert_array_equal(out, expected)
    height, width = x.shape[2:]
    by_columns = argmax % width * height + argmax // width
    np.testing.assert_array_equal(argmax if name.endswith("pads") else by_columns, places)
