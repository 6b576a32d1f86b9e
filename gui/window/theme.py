"""Light and dark: palettes of the Fusion style for the whole application, which change while it runs."""

from __future__ import annotations

from PyQt5.QtGui import QColor, QPalette
from PyQt5.QtWidgets import QApplication

_Role = QPalette.ColorRole
_Group = QPalette.ColorGroup

# role -> (light, dark). In both, text has a contrast of at least 4.5 with its background.
_COLORS = {
    _Role.Window: ("#f4f5f7", "#1f2226"),
    _Role.WindowText: ("#1b1d20", "#e6e8ea"),
    _Role.Base: ("#ffffff", "#17191c"),
    _Role.AlternateBase: ("#e7e9ec", "#2a2e33"),
    _Role.Text: ("#1b1d20", "#e6e8ea"),
    _Role.PlaceholderText: ("#6a7078", "#8f979f"),
    _Role.Button: ("#e9ebee", "#2d3137"),
    _Role.ButtonText: ("#1b1d20", "#e6e8ea"),
    _Role.ToolTipBase: ("#ffffff", "#2d3137"),
    _Role.ToolTipText: ("#1b1d20", "#e6e8ea"),
    _Role.Highlight: ("#1f6feb", "#3b82f6"),
    _Role.HighlightedText: ("#ffffff", "#0b0c0e"),
    _Role.Link: ("#1f6feb", "#6ea8fe"),
    _Role.Light: ("#ffffff", "#3a3f46"),
    _Role.Midlight: ("#f0f1f3", "#33383e"),
    _Role.Mid: ("#b4b9c0", "#4b5159"),
    _Role.Dark: ("#8b9199", "#121417"),
    _Role.Shadow: ("#5c6269", "#000000"),
}
_DISABLED = ("#8b9199", "#70767d")

_system_is_dark: bool | None = None  # the system's choice, read before a palette of ours was set


def _palette(dark: bool) -> QPalette:
    palette = QPalette()
    for role, colors in _COLORS.items():
        palette.setColor(role, QColor(colors[dark]))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(_Group.Disabled, role, QColor(_DISABLED[dark]))
    return palette


def is_dark(palette: QPalette) -> bool:
    """Whether a palette has light text on dark."""
    return palette.window().color().lightness() < palette.windowText().color().lightness()


def use(theme: str) -> None:
    """Apply "light", "dark" or "system". Every widget gets a PaletteChange."""
    global _system_is_dark
    if _system_is_dark is None:
        _system_is_dark = is_dark(QApplication.palette())
        QApplication.setStyle("Fusion")
    QApplication.setPalette(_palette(_system_is_dark if theme == "system" else theme == "dark"))
