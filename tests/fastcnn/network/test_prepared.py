"""What steps keep of a network's parameters is made again whenever these may have changed."""

import gc
import pickle
import weakref

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.layers import BatchNorm2d, Conv2d, GlobalAvgPool, ReLU, Residual
from fastcnn.network.sequential import Sequential
from fastcnn.optim import Adam
from fastcnn.training.trainer import Trainer
from tests.kernels.checks import running

X = np.random.default_rng(0).random((3, 2, 6, 5)).astype(np.float32)
SEEN = 1e-3  # the least change of an answer; those of the kernels and of the reference differ by less than 1e-5


def network(seed=0):
    layers = [Conv2d(4, 3, padding=1), BatchNorm2d(), ReLU(), Conv2d(3, 3, bias=False), BatchNorm2d(), GlobalAvgPool()]
    return Sequential(layers, input_shape=(2, 6, 5), seed=seed)


def assert_current(net):
    """The logits are those of a network that has kept nothing: by the layers themselves."""
    with running("reference"):
        expected = net.copy().forward(X)
    np.testing.assert_allclose(net.forward(X), expected, rtol=1e-5, atol=1e-5)


def optimizer_step(net):
    net.loss_and_gradients(X, np.array([0, 1, 2]))
    net.update_by(Adam(0.1))


def training_run(net):
    net.loss_and_gradients(X, np.array([0, 1, 2]))  # moves the running statistics alone


CHANGES = {
    "all values": lambda net: net.values.fill(0.3),
    "values in place": lambda net: setattr(net, "values", net.values * 2),
    "buffers": lambda net: net.buffers.__imul__(3),
    "a parameter": lambda net: net.parameters["0.weight"].assign(np.full((4, 2, 3, 3), 0.1)),
    "a parameter's storage": lambda net: net.parameters["3.weight"].storage.fill(0.2),
    "a statistic": lambda net: net.statistics["1.running_var"].assign(np.full(4, 7.0)),
    "state arrays": lambda net: net.load_state_arrays(network(seed=9).state_arrays()),
    "an optimizer's step": optimizer_step,
    "a run of a training": training_run,
    "an average": lambda net: net.average_in(network(seed=5), 0.5),
    "a layer's parameter": lambda net: net.layers[0].parameters["bias"].assign(np.arange(4.0)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_answers_follow_every_change(name):
    net = network()
    before = net.forward(X)
    CHANGES[name](net)
    assert np.abs(net.forward(X) - before).max() > SEEN
    assert_current(net)
    assert_current(net)


@pytest.mark.parametrize(
    "lent",
    [
        lambda net: net.values,
        lambda net: net.values[7:],
        lambda net: net.values[3:].reshape(-1, 1)[5:],
        lambda net: net.parameters["0.weight"].storage,
        lambda net: net.parameters["0.weight"].storage[0, 1],
        lambda net: memoryview(net.values).cast("B"),
    ],
)
def test_an_array_that_somebody_holds_may_change_at_any_time(lent):
    net = network()
    held = lent(net)
    net.forward(X)
    for number in range(3):
        before = net.forward(X)
        view = np.frombuffer(held, np.float32) if isinstance(held, memoryview) else held
        view[...] = number + 1
        del view
        assert np.abs(net.forward(X) - before).max() > SEEN
        assert_current(net)


def test_what_is_given_back_is_forgotten_though_nobody_asks():
    """A loop of one's own asks for the values at each step, and may never predict."""
    net = network()
    held = net.values
    for _ in range(100):
        net.values[:] = 0
    assert [loan() is held for loan in net._memory._loans._lent if loan() is not None] == [True]
    assert len(net._memory._loans._lent) <= 2


def test_weights_are_packed_once_where_nothing_changes(monkeypatch):
    """By the calls that a plan makes: none before forward from the second run on."""
    net = network()
    net.forward(X)
    gc.collect()
    plan = net._plans[False]
    ready = plan._calls_for(len(X))
    called = []
    plan._calls[next(iter(plan._calls))] = ready._replace(prepare=[(called.append, (1,))])
    net.forward(X)
    assert called == []
    net.values  # noqa: B018  # somebody may have written to it
    net.forward(X)
    net.forward(X)
    assert called == [1]


def test_batch_norm_is_part_of_the_convolution_outside_a_training():
    layers = [Conv2d(4, 3), BatchNorm2d(), Residual(ReLU(), Conv2d(4, 1), BatchNorm2d()), ReLU(), GlobalAvgPool()]
    net = Sequential(layers, input_shape=(2, 6, 5), seed=0)
    for statistic in net.statistics.values():
        statistic.assign(1 + np.arange(4.0))
    assert_current(net)
    names = [line.split("  ")[0] for line in net.plan(3, training=False).splitlines()[2:-1]]
    assert names[1:5] == ["conv2d 3x3 + batch_norm", "relu", "conv2d 1x1 + batch_norm + add + relu", "global_avg_pool"]


def test_training_goes_on_between_predictions():
    """Two networks trained alike, one of which is asked in between, have the same values to the bit."""
    ours, theirs = network(), network()
    trainers = [Trainer(each, Adam(0.01)) for each in (ours, theirs)]
    for _ in range(3):
        for trainer in trainers:
            trainer.step(X, np.array([0, 1, 2]))
        ours.forward(X)
    np.testing.assert_array_equal(ours.values, theirs.values)
    assert kernels.backend() == "cpu"


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_answers_do_not_depend_on_how_pictures_lie_in_memory(dtype):
    """Compiled code is chosen by the dtype alone: pictures that lie in another way are copied before."""
    net, images = network(), (200 * np.random.default_rng(0).random(X.shape)).astype(dtype)
    want = net.forward(images)
    unaligned = np.frombuffer(bytearray(images.nbytes + 1), np.uint8)[1:].view(dtype).reshape(images.shape)
    unaligned[...] = images
    apart = np.repeat(images, 2, axis=3)[..., ::2]
    closed = images.copy()
    closed.flags.writeable = False
    for given in (unaligned, apart, closed, np.asfortranarray(images), pickle.loads(pickle.dumps(images))):
        np.testing.assert_array_equal(net.forward(given), want)
    np.testing.assert_array_equal(net.forward(images.transpose(0, 2, 3, 1), layout="NHWC"), want)


@pytest.fixture
def no_collection():
    """Circles of objects stay in memory."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("use", ["nothing", "answers", "a training", "a copy"])
def test_a_dropped_network_leaves_the_memory_at_once(no_collection, use):
    net = network()
    if use == "answers":
        net.forward(X)
    elif use == "a training":
        Trainer(net, Adam(0.1)).step(X, np.array([0, 1, 2]))
    elif use == "a copy":
        net = net.copy()
    kept = [weakref.ref(array) for array in (net.values.base, net._memory._values, net._memory._gradients)]
    assert all(array() is not None for array in kept[1:])
    del net
    assert [array() for array in kept] == [None] * 3
