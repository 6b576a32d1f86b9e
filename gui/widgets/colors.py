"""The colours of the window, light and dark, by what they are for. Every text has a contrast of at least 4.5."""

from __future__ import annotations

from PyQt5.QtGui import QColor

# name -> (light, dark)
COLORS: dict[str, tuple[str, str]] = {
    "page": ("#f4f6f9", "#14171c"),  # under the cards
    "card": ("#ffffff", "#1e2228"),
    "line": ("#dde2e9", "#363c46"),  # round a card
    "edge": ("#808a99", "#77818f"),  # round what can be pressed or filled in
    "text": ("#15181d", "#e9ecf0"),
    "soft": ("#59616e", "#a9b1bd"),  # captions
    "off": ("#8b93a0", "#737b87"),  # what cannot be pressed now
    "rail": ("#12161d", "#0d1014"),
    "rail-text": ("#b3bbc7", "#b3bbc7"),
    "rail-on": ("#26334a", "#26334a"),
    "rail-on-text": ("#ffffff", "#ffffff"),
    "fill": ("#1f5fd6", "#2b66d9"),  # the one filled button
    "fill-over": ("#184fb6", "#3a70da"),
    "fill-text": ("#ffffff", "#ffffff"),
    "accent": ("#1f5fd6", "#7cabff"),
    "tint": ("#e5eefc", "#25344f"),  # what is chosen or under the mouse
    "track": ("#e9edf2", "#30363f"),  # of a bar
    "idle": ("#7d8896", "#8a94a1"),  # bars that say nothing
    "right": ("#1d7a35", "#5fcf7d"),
    "wrong": ("#b3261e", "#ff8d85"),
    "toast": ("#232a35", "#e9ecf0"),
    "toast-text": ("#ffffff", "#15181d"),
    "toast-link": ("#9cc2ff", "#184fb6"),
    "field": ("#000000", "#000000"),  # where digits are drawn and shown
    "field-text": ("#9aa3af", "#9aa3af"),
    "mark": ("#f5a800", "#f5a800"),  # a frame on the field
}
# Each text, and all that it may stand on.
TEXTS: dict[str, tuple[str, ...]] = {
    "text": ("page", "card", "tint", "track"),
    "soft": ("page", "card", "track"),
    "accent": ("page", "card", "tint"),
    "right": ("card",),
    "wrong": ("card",),
    "rail-text": ("rail",),
    "rail-on-text": ("rail-on",),
    "fill-text": ("fill", "fill-over"),
    "toast-text": ("toast",),
    "toast-link": ("toast",),
    "field-text": ("field",),
}
# What is no text but must be seen, with a contrast of at least 3.
SHAPES: dict[str, tuple[str, ...]] = {
    "edge": ("card", "page"),
    "fill": ("card",),
    "idle": ("card", "track"),
    "right": ("card", "track"),
    "wrong": ("card", "track"),
    "mark": ("field",),
}

_dark = False


def is_dark() -> bool:
    """Whether the dark colours are in use."""
    return _dark


def use(dark: bool) -> None:
    """Use the light or the dark colours from now on."""
    global _dark
    _dark = dark


def name_of(purpose: str) -> str:
    """The colour for a purpose, as "#rrggbb"."""
    return COLORS[purpose][_dark]


def mixed(purpose: str, share: float, under: str) -> QColor:
    """A colour that lets the one under it shine through."""
    above, below = color(purpose), color(under)
    parts = [
        round(share * over + (1 - share) * rest)
        for over, rest in (
            (above.red(), below.red()),
            (above.green(), below.green()),
            (above.blue(), below.blue()),
        )
    ]
    return QColor(*parts)


def color(purpose: str) -> QColor:
    """The colour for a purpose."""
    return QColor(name_of(purpose))
