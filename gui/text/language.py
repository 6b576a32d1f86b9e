"""The language of the window: Qt's translation files, loaded and exchanged while the program runs."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

TRANSLATIONS = Path(__file__).resolve().parent / "translations"
CONTEXT = "fastcnn"
CHINESE = "zh_CN"

_installed: list[QTranslator] = []


def tr(text: str) -> str:
    """A text in the language in use; call it with a literal, which `translations/update.py` then finds."""
    return QCoreApplication.translate(CONTEXT, text)


def resolve(language: str) -> str:
    """The language asked for, or where none is, "en" or "zh_CN" after the system's."""
    if language:
        return language
    return CHINESE if QLocale.system().language() == QLocale.Language.Chinese else "en"


def use(language: str) -> None:
    """Exchange the application's translations; Qt then sends every widget a LanguageChange."""
    for translator in _installed:
        QCoreApplication.removeTranslator(translator)
    _installed.clear()
    wanted = resolve(language)
    if wanted == "en":
        return  # the language of the sources
    ours = (f"fastcnn_{wanted}", str(TRANSLATIONS))
    qts = (f"qtbase_{wanted}", QLibraryInfo.location(QLibraryInfo.LibraryLocation.TranslationsPath))
    for name, folder in (qts, ours):
        translator = QTranslator()
        if translator.load(name, folder):
            QCoreApplication.installTranslator(translator)
            _installed.append(translator)
