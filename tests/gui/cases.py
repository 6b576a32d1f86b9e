"""Which of many sizes, zooms and languages README's tests take; the slow tests take the others."""

import pytest

LANGUAGES = ("en", "zh_CN")


def by_turns(cases, quick=None):
    """Each case in both languages: of the first `quick` ones (of all, if None) one language is quick, by turns."""
    for number, case in enumerate(cases):
        for language in LANGUAGES:
            chosen = (quick is None or number < quick) and language == LANGUAGES[number % 2]
            yield pytest.param(*case, language, marks=() if chosen else pytest.mark.slow)
