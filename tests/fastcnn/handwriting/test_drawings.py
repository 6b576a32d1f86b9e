"""Stroke files, and drawing with a pen."""

import gzip
import json

import numpy as np
import pytest

from fastcnn.errors import FastcnnError
from fastcnn.handwriting.drawings import CANVAS_PX, PENS_PX, SIZES, WIDEST_PEN, Pose, draw, random_pose
from fastcnn.handwriting.stroke_files import read_drawings

LINE = [np.array([(0.0, 0.0), (0.0, 10.0)])]
DRAWING = {"label": 7, "writer": "a", "strokes": [[[0, 0], [5, 0]], [[5, 0], [2, 9]]]}


def extent(picture):
    rows, columns = np.nonzero(picture >= 128)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


@pytest.mark.parametrize(("size", "pen_px"), [(0.15, 6), (0.5, 20), (0.95, 40)])
def test_size_and_pen_are_those_asked_for(size, pen_px):
    assert extent(draw(LINE, Pose(size, pen_px, 0.5, 0.5))) == pytest.approx((size * CANVAS_PX, pen_px), abs=1.5)


def test_place_is_a_share_of_the_room():
    corner = draw(LINE, Pose(0.5, 20, 1, 1))
    rows, columns = np.nonzero(corner >= 128)
    assert (rows.max(), columns.max()) == pytest.approx((CANVAS_PX - 1, CANVAS_PX - 1), abs=1)


def test_turn_is_clockwise():
    turned = draw([np.array([(0.0, 0.0), (0.0, -10.0)])], Pose(0.8, 10, 0.5, 0.5, turn_deg=45))
    rows, columns = np.nonzero(turned)
    assert np.corrcoef(rows, columns)[0, 1] < -0.9  # the upper end lies to the right


def test_one_point_is_a_dot():
    assert extent(draw([np.array([(3.0, 3.0)])], Pose(0.5, 20, 0.5, 0.5))) == pytest.approx((20, 20), abs=1.5)


def test_random_poses_stay_within_their_limits(rng):
    poses = [random_pose(rng, 15) for _ in range(500)]
    assert all(SIZES[0] <= pose.size <= SIZES[1] and PENS_PX[0] <= pose.pen_px <= PENS_PX[1] for pose in poses)
    assert all(pose.pen_px <= max(PENS_PX[0], WIDEST_PEN * pose.size * CANVAS_PX) for pose in poses)
    assert max(abs(pose.turn_deg) for pose in poses) > 14


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_file_is_read_as_it_was_written(tmp_path, pack):
    path = tmp_path / "strokes"
    path.write_bytes(pack(json.dumps([DRAWING, {**DRAWING, "label": 0}]).encode()))
    first, second = read_drawings(path)
    assert (first.label, first.writer, second.label) == (7, "a", 0)
    np.testing.assert_array_equal(first.strokes[1], [(5, 0), (2, 9)])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"[3]",
        b'[{"label": 11, "strokes": [[[0, 0]]]}]',
        b'[{"label": 1, "strokes": []}]',
        b'[{"label": 1, "strokes": [[[0]]]}]',
        b'[{"label": 1, "strokes": [[[0, NaN]]]}]',
        b'[{"label": 1}]',
        b'{"format": "fastcnn drawings 1", "drawings": []}',
        b'{"format": "fastcnn drawings 1", "drawings": [{"label": 1}]}',
        b'{"format": "fastcnn drawings 2", "drawings": []}',
        b"\x1f\x8bdamaged",
        b"[" * 5000,
    ],
)
def test_other_files_are_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "strokes.json"
    path.write_bytes(content)
    with pytest.raises(FastcnnError, match="stroke file"):
        read_drawings(path)


def test_missing_file(tmp_path):
    with pytest.raises(FastcnnError, match="cannot read"):
        read_drawings(tmp_path / "none.json")
