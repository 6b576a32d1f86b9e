"""The command `experiment`: the paper's experiments and their figures."""

from __future__ import annotations

import argparse
from pathlib import Path

from fastcnn.commands.common import data_files, prepare, refuse
from fastcnn.commands.outputs import check_outputs, json_output, write_json
from fastcnn.errors import UsageError


def experiment(args: argparse.Namespace) -> None:
    """Repeat an experiment of the paper and write its figures."""
    from fastcnn.commands import figures
    from fastcnn.recognition import experiment as paper
    from fastcnn.recognition.recognizer import Recognizer
    from fastcnn.zoo.bundled import find_model

    if args.mode == "mnist":
        refuse("in --mode mnist", strokes=args.strokes)
    else:
        refuse("in --mode handwriting", data_dir=args.data_dir)
    if not args.out:
        raise UsageError("--out must name a folder for the figures")
    outputs = [*figures.outputs(args.mode, Path(args.out)), *json_output(args.json)]
    check_outputs(outputs, [find_model(args.model)[1], args.strokes, *data_files(args.data_dir)])
    prepare(args)
    recognizer, seed = Recognizer(args.model), args.seed or 0
    if args.mode == "mnist":
        from fastcnn.data.load import load_mnist

        _, (images, labels) = load_mnist(normalize=False, data_dir=args.data_dir)
        done = paper.run_mnist(recognizer, images[:, 0], labels.tolist(), args.groups, args.size, seed)
    else:
        from fastcnn.handwriting.stroke_files import drawings_folder, read_collection, read_drawings

        drawings = read_drawings(args.strokes) if args.strokes else read_collection(drawings_folder())
        done = paper.run_handwriting(recognizer, drawings, args.groups, args.size, seed)
    files = figures.write(done, Path(args.out))
    write_json(args.json, done.describe())
    total = done.by_group()[-1]
    low, high = total.interval or (0.0, 1.0)
    print(f"accuracy {total.accuracy:.2%} ({total.right} of {total.count}; 95 % interval {low:.2%} to {high:.2%})")
    print(f"mean confidence {total.mean_confidence:.2%}: the paper's recognition rate, right or wrong")
    if total.refused:
        print(f"taken for no digit: {total.refused}, which count as wrong")
    print("\n".join(map(str, files)))
