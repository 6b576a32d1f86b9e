"""Connected parts of masks."""

import numpy as np
import pytest

from fastcnn.handwriting.preparation.components import find_components, label_components


def flood(mask):
    """The same by walking from pixel to pixel."""
    labels, count = np.zeros(mask.shape, int), 0
    for start in zip(*np.nonzero(mask), strict=True):
        if labels[start]:
            continue
        count += 1
        waiting = [start]
        while waiting:
            row, column = waiting.pop()
            inside = 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]
            if inside and mask[row, column] and not labels[row, column]:
                labels[row, column] = count
                waiting += [(row + dy, column + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    return labels, count


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.6, 1.0])
def test_agrees_with_a_walk(share, rng):
    for _ in range(20):
        mask = rng.random(rng.integers(1, 24, 2)) < share
        labels, count = label_components(mask)
        expected, parts = flood(mask)
        assert count == parts
        np.testing.assert_array_equal(labels, expected)


def test_boxes_and_sizes_are_those_of_the_pixels(rng):
    for _ in range(20):
        found = find_components(rng.random(rng.integers(1, 24, 2)) < 0.3)
        for part, box in enumerate(found.boxes.tolist(), start=1):
            rows, columns = np.nonzero(found.labels == part)
            assert box == [rows.min(), rows.max() + 1, columns.min(), columns.max() + 1]
            assert found.sizes[part - 1] == len(rows)


def test_spiral_is_one_part():
    spiral = np.zeros((21, 21), bool)
    row, column, step, (dy, dx) = 0, 0, 20, (0, 1)
    while step > 0:
        for _ in range(2):
            for _ in range(step):
                spiral[row, column] = True
                row, column = row + dy, column + dx
            dy, dx = dx, -dy
        step -= 2
    assert label_components(spiral)[1] == 1
