"""The optimizers' kernels, one element a thread: see `kernels.reference.updates` for what they compute."""

import math

from fastcnn.kernels.cuda.toolchain.compiler import kernel
from fastcnn.kernels.cuda.toolchain.index import here


@kernel("F F f f")
def sgd(values, gradients, rate, decay):
    i = here()
    if i < values.size:
        values[i] -= rate * (gradients[i] + decay * values[i])


@kernel("F F F f f f")
def momentum(values, gradients, velocity, rate, keep, decay):
    i = here()
    if i < values.size:
        velocity[i] = keep * velocity[i] + (gradients[i] + decay * values[i])
        values[i] -= rate * velocity[i]


@kernel("F F F f f f")
def nesterov(values, gradients, velocity, rate, keep, decay):
    i = here()
    if i < values.size:
        g = gradients[i] + decay * values[i]
        velocity[i] = keep * velocity[i] + g
        values[i] -= rate * (g + keep * velocity[i])


@kernel("F F F f f f")
def adagrad(values, gradients, sum_squares, rate, tiny, decay):
    i = here()
    if i < values.size:
        g = gradients[i] + decay * values[i]
        sum_squares[i] += g * g
        values[i] -= rate * g / (math.sqrt(sum_squares[i]) + tiny)


@kernel("F F F f f f f f")
def rmsprop(values, gradients, mean_squares, rate, keep, take, tiny, decay):
    i = here()
    if i < values.size:
        g = gradients[i] + decay * values[i]
        mean_squares[i] = keep * mean_squares[i] + take * (g * g)
        values[i] -= rate * g / (math.sqrt(mean_squares[i]) + tiny)


@kernel("F F F F f f f f f f f f f")
def adam(
    values, gradients, means, mean_squares, rate, keep1, take1, keep2, take2, scale, tiny, decay, shrink
):  # fmt: skip
    """Adam adds `decay` times the value to the gradient (shrink is 1), AdamW shrinks the value first (decay is 0)."""
    i = here()
    if i < values.size:
        g = gradients[i] + decay * values[i]
        means[i] = keep1 * means[i] + take1 * g
        mean_squares[i] = keep2 * mean_squares[i] + take2 * (g * g)
        values[i] = shrink * values[i] - rate * means[i] / (math.sqrt(mean_squares[i]) * scale + tiny)


@kernel("F F f")
def ema(averages, values, take):
    i = here()
    if i < averages.size:
        averages[i] += take * (values[i] - averages[i])
