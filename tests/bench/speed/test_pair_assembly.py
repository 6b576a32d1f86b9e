"""The bfloat16 tiles compile for CPUs that this machine may not be: their registers and instructions."""

import re

import pytest

from fastcnn.bench.speed import pair_assembly
from fastcnn.kernels.cpu.tiles import amx


@pytest.fixture(scope="module")
def rows():
    return {row["tile"]: row for row in pair_assembly.rows()}


def test_the_vector_tile_keeps_all_sums_in_registers(rows):
    """12 pixels x 2 vectors; a load for each pixel and each vector of weights."""
    row = rows["avx512"]
    assert (row["products"], row["loads"], row["spills"]) == (24, 14, 0)


def test_the_plain_tile_needs_two_products_for_each_pair(rows):
    assert rows["plain"]["products"] == 48


def test_the_amx_tile_does_a_product_for_each_load(rows):
    """32 pixels x 32 filters: two loads of x and two of w for four products, perhaps for several steps in a row."""
    row = rows["amx"]
    assert row["products"] == row["loads"]
    assert row["products"] % 4 == row["spills"] == 0
    assert row["registers"] == "8 of 8 tmm"


def test_an_amx_task_configures_its_registers_and_releases_them():
    def task(builder, a):
        amx.INSTRUCTIONS.configure(builder)
        amx.emit(builder, a, amx.INSTRUCTIONS)
        amx.INSTRUCTIONS.release(builder)

    found = re.findall(r"\b(ldtilecfg|tilerelease|tileloadd|tilestored|tdpbf16ps)\b", pair_assembly.assembly(task))
    assert found[0] == "ldtilecfg" and found[-1] == "tilerelease"
    assert found.count("ldtilecfg") == found.count("tilerelease") == 1
    # Sizes with 1, 2, 2, 4, 2 and 4 sums, each for whole steps, whose loops may be unrolled, and the end of a tap.
    assert found.count("tilestored") == 1 + 2 + 2 + 4 + 2 + 4
    assert found.count("tdpbf16ps") >= 2 * found.count("tilestored")
