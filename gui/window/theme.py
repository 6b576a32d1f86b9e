"""Light and dark, and the size of everything: a palette, a font and a style sheet for the whole application.

They change while the program runs. Sizes are those of zoom 1: text 15, headings 17 and 22, a grid of 8.
"""

from __future__ import annotations

import math
import sys

from PyQt5.QtGui import QColor, QFont, QPalette, QPixmapCache
from PyQt5.QtWidgets import QApplication, QMainWindow

from fastcnn.gui.text import language
from fastcnn.gui.widgets import colors
from fastcnn.gui.widgets.scale import BODY_PX, SMALL_PX

_Role = QPalette.ColorRole
_Group = QPalette.ColorGroup

HEADING, TITLE = 17, 22
# The first that is there. Linux's default has no weights, and for a Chinese text often Japanese forms.
FAMILIES = ("Noto Sans", "Source Sans 3", "Open Sans", "Ubuntu", "Cantarell", "Noto Sans CJK SC")
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
)
ROLES = {
    _Role.Window: "page",
    _Role.WindowText: "text",
    _Role.Base: "card",
    _Role.AlternateBase: "track",
    _Role.Text: "text",
    _Role.PlaceholderText: "soft",
    _Role.Button: "card",
    _Role.ButtonText: "text",
    _Role.ToolTipBase: "toast",
    _Role.ToolTipText: "toast-text",
    _Role.Highlight: "fill",
    _Role.HighlightedText: "fill-text",
    _Role.Link: "accent",
    _Role.Light: "card",
    _Role.Midlight: "page",
    _Role.Mid: "edge",
    _Role.Dark: "line",
    _Role.Shadow: "line",
}
SHEET = """
QWidget#central, QWidget#bodyInside, QScrollArea#leftScroll, QScrollArea#pageScroll {{ background: {page}; }}
QScrollArea#rail, QWidget#railInside {{ background: {rail}; border: 0; }}
QFrame#topBar {{ background: {card}; border: 0; border-bottom: 1px solid {line}; }}
QScrollArea {{ border: 0; }}
QTabWidget::pane {{ border: 0; }}
*[role="card"] {{ background: {card}; border: 1px solid {line}; border-radius: 8px; }}
QLabel {{ background: transparent; }}
QLabel[role="title"] {{ font-size: {title_px}px; font-weight: 600; }}
QLabel[role="heading"] {{ font-size: {heading_px}px; font-weight: 600; }}
QLabel[role="soft"] {{ color: {soft}; }}
QLabel[role="small"] {{ color: {soft}; font-size: {small_px}px; }}
QLabel[role="hint"] {{ color: {field-text}; }}
QLabel#resultLabel {{ font-size: {digit_px}px; font-weight: 700; }}
QLabel#confidenceLabel {{ font-size: {rate_px}px; font-weight: 600; }}
QLabel#truthLabel {{ font-weight: 600; }}
QLabel#askedDigit {{ font-size: {asked_px}px; font-weight: 700; }}
QPushButton, QToolButton, QComboBox, QSpinBox {{
  background: {card}; color: {text}; border: 1px solid {line}; border-radius: 6px;
  padding: {v}px {h}px; min-height: {row}px; }}
QPushButton {{ font-weight: 600; border-color: {line}; }}
QToolButton {{ padding: {t}px; }}
QPushButton, QToolButton {{ icon-size: {icon}px; }}
QToolButton[role="flat"] {{ border-color: transparent; background: transparent; }}
QPushButton:hover, QToolButton:hover, QComboBox:hover, QSpinBox:hover {{ border-color: {edge}; background: {page}; }}
QToolButton[role="flat"]:hover {{ background: {tint}; border-color: transparent; }}
QPushButton:pressed, QToolButton:pressed, QToolButton:checked {{ background: {tint}; border-color: {accent}; }}
QPushButton:focus, QToolButton:focus, QComboBox:focus, QSpinBox:focus, QToolButton[role="flat"]:focus {{
  border: 2px solid {accent}; padding: {v1}px {h1}px; }}
QToolButton:focus {{ padding: {t1}px; }}
QPushButton:disabled, QToolButton:disabled, QComboBox:disabled, QSpinBox:disabled {{ color: {off}; }}
QPushButton[role="primary"] {{ background: {fill}; color: {fill-text}; border: 1px solid {fill}; }}
QPushButton[role="primary"]:hover {{ background: {fill-over}; border-color: {fill-over}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {text}; }}
QPushButton[role="primary"]:disabled {{ background: {track}; color: {off}; border-color: {line}; }}
QToolButton[role="chip"] {{
  padding: 0; min-height: {chip}px; min-width: {least}px; border-radius: 6px; border: 1px solid {edge}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QPushButton::menu-indicator {{ subcontrol-position: right center; right: 2px; }}
QComboBox, QComboBox:focus {{ padding-right: 2px; }}
QPushButton[tight="true"], QPushButton[tight="true"]:focus, QComboBox[tight="true"], QComboBox[tight="true"]:focus {{
  font-size: {small_px}px; padding-left: 6px; padding-right: 6px; }}
QComboBox::drop-down {{ border: 0; width: {arrow}px; }}
QComboBox::down-arrow {{ image: none; }}
QComboBox QAbstractItemView {{
  background: {card}; border: 1px solid {edge}; selection-background-color: {fill}; selection-color: {fill-text}; }}
QSpinBox {{ padding-right: 2px; }}
QSpinBox::up-button, QSpinBox::down-button {{ border: 0; width: {spin}px; background: transparent; }}
QSpinBox::up-arrow, QSpinBox::down-arrow {{ image: none; }}
QCheckBox {{ spacing: {v2}px; }}
QCheckBox::indicator {{
  width: {tick}px; height: {tick}px; border: 1px solid {edge}; border-radius: 4px; background: {card}; }}
QCheckBox::indicator:checked {{ background: {fill}; border-color: {fill}; }}
QCheckBox::indicator:disabled {{ border-color: {off}; }}
QCheckBox:focus {{ color: {accent}; }}
QSlider {{ min-height: {slider}px; }}
QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {track}; }}
QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {fill}; }}
QSlider::handle:horizontal {{
  width: {knob}px; height: {knob}px; margin: -{over}px 0; border-radius: {half}px; background: {fill};
  border: 2px solid {fill}; }}
QSlider::handle:horizontal:focus {{ border-color: {text}; }}
QSlider::handle:horizontal:disabled, QSlider::sub-page:horizontal:disabled {{ background: {off}; border-color: {off}; }}
QProgressBar {{ border: 0; border-radius: 4px; background: {track}; min-height: 8px; max-height: 8px; }}
QProgressBar::chunk {{ border-radius: 4px; background: {fill}; }}
QScrollBar:vertical {{ width: 12px; background: transparent; }}
QScrollBar:horizontal {{ height: 12px; background: transparent; }}
QScrollBar::handle {{ background: {edge}; border-radius: 3px; margin: 3px; min-height: 24px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QTabBar {{ font-weight: 600; }}
QTabBar::tab {{
  background: transparent; color: {soft}; padding: {v}px {h}px; border: 0; border-bottom: 3px solid transparent; }}
QTabBar::tab:selected {{ color: {accent}; border-bottom-color: {accent}; }}
QTabBar::tab:hover {{ color: {text}; }}
QTabBar:focus {{ color: {text}; }}
QTabBar::tab:selected:focus {{ border: 2px solid {accent}; border-radius: 6px; }}
QListView#drawingsList {{ background: {page}; border: 1px solid {line}; border-radius: 6px; }}
QMenu {{ background: {card}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: {v}px {wide}px; border-radius: 4px; }}
QMenu::item:selected {{ background: {tint}; color: {text}; }}
QMenu::item:disabled {{ color: {off}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 8px; }}
QToolTip {{ background: {toast}; color: {toast-text}; border: 0; padding: 4px; }}
QFrame#toast {{ background: {toast}; border-radius: 8px; }}
QFrame#toast QLabel {{ color: {toast-text}; }}
QFrame#toast QPushButton {{ background: transparent; border: 1px solid transparent; color: {toast-link}; }}
QFrame#toast QPushButton:focus {{ border: 2px solid {toast-link}; }}
QFrame#toast QToolButton {{ background: transparent; border: 1px solid transparent; }}
QFrame#toast QToolButton:focus {{ border: 2px solid {toast-link}; }}
"""

# Qt keeps a new picture of each arrow of a bar of tabs at every paint, up to 10 MB; a window needs a few kB.
PICTURES_KB = 1024

_system_is_dark: bool | None = None  # the system's choice, read before a palette of ours was set


def _palette() -> QPalette:
    palette = QPalette()
    for role, purpose in ROLES.items():
        palette.setColor(role, colors.color(purpose))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(_Group.Disabled, role, QColor(colors.name_of("off")))
    return palette


def is_dark(palette: QPalette) -> bool:
    """Whether a palette has light text on dark."""
    return palette.window().color().lightness() < palette.windowText().color().lightness()


def _font(zoom: int) -> QFont:
    font = QFont(QApplication.font())
    chinese = language.in_use() == language.CHINESE
    ours = FAMILIES if sys.platform.startswith("linux") else ()
    font.setFamilies([*(CHINESE if chinese else ()), *ours, font.defaultFamily(), *CHINESE])
    font.setPixelSize(round(BODY_PX * zoom / 100))
    return font


def sheet(zoom: int) -> str:
    """The style sheet in the colours in use, with sizes in per cent of those of zoom 1."""

    def px(size: float) -> int:
        return round(size * zoom / 100)

    def large(size: float) -> int:  # it is legible at any zoom, and its place is needed
        return round(size * math.sqrt(zoom / 100))

    return SHEET.format_map(
        {
            **{purpose: colors.name_of(purpose) for purpose in colors.COLORS},
            "title_px": px(TITLE), "heading_px": px(HEADING), "small_px": px(SMALL_PX),
            "digit_px": large(72), "rate_px": large(28), "asked_px": px(60),
            "v": px(4), "h": px(12), "t": px(4), "v1": px(4) - 1, "h1": px(12) - 1, "t1": px(4) - 1,
            "row": px(24), "arrow": px(26), "spin": px(20), "wide": px(24), "chip": px(28), "least": px(18),
            "knob": px(12), "half": px(12) // 2 + 2, "over": px(12) // 2, "slider": px(12) + 8,
            "v2": px(8), "tick": px(16), "icon": px(20),
        }
    )  # fmt: skip


def use(theme: str, window: QMainWindow | None = None, zoom: int = 100) -> None:
    """Apply "light", "dark" or "system" and a zoom in per cent. Every widget gets a PaletteChange."""
    global _system_is_dark
    if _system_is_dark is None:
        _system_is_dark = is_dark(QApplication.palette())
        QApplication.setStyle("Fusion")
        QPixmapCache.setCacheLimit(PICTURES_KB)
    dark = _system_is_dark if theme == "system" else theme == "dark"
    colors.use(dark)
    font, palette = _font(zoom), _palette()
    if font != QApplication.font():
        QApplication.setFont(font)
    if palette != QApplication.palette():
        QApplication.setPalette(palette)
    if window is not None and window.styleSheet() != (wanted := sheet(zoom)):
        window.setStyleSheet(wanted)
