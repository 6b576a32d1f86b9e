"""Which of many sizes, zooms and languages README's tests take; the slow tests take the others."""

import pytest

LANGUAGES = ("en", "zh_CN")


def by_turns(cases, quick):
    """Each case in both languages: of each of the first `quick` ones, one language is quick, by turns."""
    return [
        pytest.param(*case, language, marks=() if number < quick and number % 2 == turn else pytest.mark.slow)
        for number, case in enumerate(cases)
        for turn, language in enumerate(LANGUAGES)
    ]
