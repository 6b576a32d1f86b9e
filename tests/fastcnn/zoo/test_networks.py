"""One table of networks: everybody takes their names from it, and the files in the package are those that it names."""

import ast

import pytest

from fastcnn.commands.arguments import build_parser
from fastcnn.gui.logic.networks import available
from fastcnn.zoo.bundled import SUFFIX, WEIGHTS
from fastcnn.zoo.networks import BUNDLED, NAMED, REFUSAL
from tests.test_house import SOURCES


def _spelled_out(node):
    """The names of networks that a list, tuple, set or dict in code spells out."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return {each.value for each in node.elts if isinstance(each, ast.Constant)} & {*BUNDLED}
    if isinstance(node, ast.Dict):
        return {each.value for each in node.keys if isinstance(each, ast.Constant)} & {*BUNDLED}
    return set()


def test_no_code_spells_out_a_second_list_of_networks():
    """A dict of one kind of thing each (such as goals of two networks) is as much a list as a tuple of names."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in SOURCES
        if path.name != "networks.py" or path.parent.name != "zoo"
        for code in [path.read_text(encoding="utf-8")]
        if sum(f'"{name}"' in code for name in BUNDLED) > 1  # most have none, which is seen without parsing them
        for node in ast.walk(ast.parse(code))
        if len(_spelled_out(node)) > 1
    ]
    assert found == []


def test_a_second_list_is_found():
    assert _spelled_out(ast.parse("('default', 'paper')", mode="eval").body) == {"default", "paper"}
    assert _spelled_out(ast.parse("{'default': 1, 'committee': 2}", mode="eval").body) == {"default", "committee"}


def test_the_weights_in_the_package_are_those_of_the_table():
    assert {path.name for path in WEIGHTS.glob("*")} == {f"{name}{SUFFIX}" for name in (*BUNDLED, REFUSAL)}


@pytest.mark.parametrize("name", NAMED)
def test_help_of_train_says_what_each_is(name, capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["train", "--help"])
    help_text = " ".join(capsys.readouterr().out.split())
    assert f"{name} ({NAMED[name].about})" in help_text


def test_the_window_offers_what_is_bundled():
    assert available()[: len(BUNDLED)] == [*BUNDLED]
