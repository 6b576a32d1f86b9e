"""The names of layers. Only the table `KINDS` turns a name in a file into a class.

`fastcnn.layers` puts its own classes into it, `register_layer` puts a user's classes into it.
"""

from __future__ import annotations

import inspect
import json
import textwrap
from typing import TypeGuard, TypeVar

from fastcnn.layers.base import Layer, walk

__all__ = ["KINDS", "layer_from_description", "register_layer"]

KINDS: dict[str, type[Layer]] = {}

Kind = TypeVar("Kind", bound=type[Layer])


def is_kind(kind: object) -> TypeGuard[type[Layer]]:
    """Whether it is a class of layers, other than `Layer` itself."""
    return isinstance(kind, type) and issubclass(kind, Layer) and kind is not Layer


def register_layer(kind: Kind) -> Kind:
    """Allow files to name your layer class. Returns the class, so it also works as a decorator.

    Parameters
    ----------
    kind : a subclass of `Layer` with its own `forward` and `backward`, or a subclass of another layer. `OPTIONS` names
        the arguments of its `__init__`. An attribute of the same name keeps each one, as a value that JSON can hold.
        If your older files do not have an argument, put it into `LATER` too, with its default

    Raises
    ------
    TypeError
        If kind is not such a class.
    ValueError
        If another layer has its name. The same class, defined again (as in a notebook), replaces the old one.

    A program must register the class before it loads such a file.
    """
    if not (isinstance(kind, type) and issubclass(kind, Layer)):
        raise TypeError(f"kind must be a subclass of Layer, not {getattr(kind, '__name__', type(kind).__name__)}"[:200])
    name = kind.__name__
    for method in ("forward", "backward"):
        if getattr(kind, method) is getattr(Layer, method):
            raise TypeError(f"{name} must have its own {method} to be registered")
    _check_options(kind)
    known = KINDS.get(name)
    if known is not None and (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise ValueError(f"there is a layer {name!r} of another class already; give yours another name")
    KINDS[name] = kind
    return kind


def layer_from_description(description: object) -> Layer:
    """The layer that `Layer.describe` described; ValueError for a kind or options that do not exist."""
    if not isinstance(description, dict):
        raise ValueError("a layer must be described by its type and options")
    options = dict(description)
    name = options.pop("type", None)
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        known = textwrap.shorten(", ".join(KINDS), 60, placeholder=" …")
        raise ValueError(f"there is no layer {str(name)[:40]!r}; the layers are {known}; register_layer adds your own")
    if not set(kind.OPTIONS) - set(kind.LATER) <= set(options) <= set(kind.OPTIONS):
        given = ", ".join(map(repr, options))[:100]
        raise ValueError(f"{kind.__name__} has the options ({', '.join(kind.OPTIONS)}), not ({given})")
    return kind.from_options(options)


def check_registered(layers: tuple[Layer, ...]) -> None:
    """ValueError or TypeError if a file that names these layers, inner ones too, would give other layers, or none."""
    for layer in walk(layers):
        name = type(layer).__name__[:40]
        if KINDS.get(type(layer).__name__) is not type(layer):
            raise ValueError(
                f"layer {layer.name} ({name}) is unknown to files; call layers.register_layer({name}) first"
            )
        try:
            json.dumps(layer.describe())
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"layer {layer.name} ({name}): its options must be numbers, texts or lists ({error})"
            ) from None


def _check_options(kind: type[Layer]) -> None:
    """TypeError unless OPTIONS are the names of the arguments of __init__."""
    options = kind.OPTIONS
    if not isinstance(options, tuple) or not all(isinstance(name, str) for name in options):
        raise TypeError(f"{kind.__name__}.OPTIONS must be a tuple of names")
    taken = list(inspect.signature(kind.__init__).parameters.values())[1:]
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    if {each.name for each in taken} != set(options) or any(each.kind not in named for each in taken):
        takes = ", ".join(map(str, taken))[:60]
        raise TypeError(
            f"{kind.__name__}.OPTIONS must name what __init__ takes ({takes}), not ({', '.join(options)[:60]})"
        )
