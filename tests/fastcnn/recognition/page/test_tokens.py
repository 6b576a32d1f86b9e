"""The answer for a page: its text."""

from fastcnn.recognition.page.tokens import Page, Token


def token(text, left, right, top=0, bottom=20):
    return Token(text, (left, top, right, bottom), int(text) if text.isdigit() else None, 0.9)


def test_text_has_a_line_for_each_line_and_blanks_at_wide_gaps():
    page = Page([[token("1", 0, 10), token("2", 14, 24), token("3", 60, 70)], [token("?", 0, 9)]])
    assert str(page) == "12 3\n?"


def test_a_page_without_tokens_is_an_empty_text_and_says_why():
    page = Page(reason="it is blank")
    assert str(page) == ""
    assert page.lines == []
    assert page.reason == "it is blank"


def test_small_signs_do_not_decide_what_is_wide():
    dots = [token(".", 20 + 8 * i, 22 + 8 * i, 18, 20) for i in range(4)]
    assert str(Page([[token("1", 0, 12), *dots]])) == "1...."
