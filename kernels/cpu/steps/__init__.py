"""The steps of a network's plan: what several layers do at once, with the memory for it, as lists of kernel calls.

A step is made once for a network and a largest batch; it allocates all its arrays then. `forward_calls` and
`backward_calls` give, for a batch of n pictures, the kernels and their ready arguments, so that running a step is
calling functions: nothing is worked out, converted or allocated while a network trains. `fastcnn.network.plan` decides
which layers become which step.
"""

from fastcnn.kernels.cpu.products.calls import compiled, entry, without_twins
from fastcnn.kernels.steps import found_in

device: None = None  # all arrays are the host's
_found = found_in(__name__, __path__)
globals().update(_found)
__all__ = ["compiled", "device", "entry", "without_twins", *_found]
