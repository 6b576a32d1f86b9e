"""The language of the window. Qt's translation files are loaded and changed while the program runs."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

TRANSLATIONS = Path(__file__).resolve().parent / "translations"
CONTEXT = "fastcnn"
CHINESE = "zh_CN"

_installed: list[QTranslator] = []


def tr(text: str) -> str:
    """A text in the language in use. Call it with a literal, so that `translations/update.py` finds it."""
    return QCoreApplication.translate(CONTEXT, text)


def resolve(language: str) -> str:
    """The given language; or if it is empty, "en" or "zh_CN" by the language of the system."""
    if language:
        return language
    return CHINESE if QLocale.system().language() == QLocale.Language.Chinese else "en"


def in_use() -> str:
    """The language that is shown now: "en" or "zh_CN"."""
    return CHINESE if _installed else "en"


def use(language: str) -> None:
    """Change the application's translations. Qt then sends a LanguageChange to every widget."""
    for translator in _installed:
        QCoreApplication.removeTranslator(translator)
    _installed.clear()
    wanted = resolve(language)
    if wanted == "en":
        return  # the sources have this language
    ours = (f"fastcnn_{wanted}", str(TRANSLATIONS))
    qts = (f"qtbase_{wanted}", QLibraryInfo.location(QLibraryInfo.LibraryLocation.TranslationsPath))
    for name, folder in (qts, ours):
        translator = QTranslator()
        if translator.load(name, folder):
            QCoreApplication.installTranslator(translator)
            _installed.append(translator)
