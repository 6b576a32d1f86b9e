"""A committee on the command line: trained member by member, interrupted between and within them, and used."""

import json

import numpy as np
import pytest

from fastcnn import load_network
from fastcnn.__main__ import main
from fastcnn.network.committee import Committee
from fastcnn.training import batchnorm_statistics
from fastcnn.training.trainer import Trainer
from tests.fastcnn.commands.interruption import interrupted_after
from tests.fastcnn.commands.test_cli import data_dir, digit_png, fails  # noqa: F401

EPOCHS = 2


@pytest.fixture(scope="module", autouse=True)
def few_settling_batches():
    """Of 360 pictures each batch is like all others; 250 of them would take most of the time of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batchnorm_statistics, "BATCHES", 6)
        patch.setattr(batchnorm_statistics, "FORGOTTEN", 2)
        yield


def options(data_dir, out):  # noqa: F811
    return ["--epochs", str(EPOCHS), "--batch-size", "60", "--data-dir", str(data_dir), "--out", str(out)]


@pytest.fixture(scope="module")
def trained(data_dir, tmp_path_factory):  # noqa: F811
    """The weights and the JSON of a committee of the seeds 3 to 7."""
    folder = tmp_path_factory.mktemp("committee")
    out, results = folder / "committee.safetensors", folder / "results.json"
    assert main(["train", "--model", "committee", "--seed", "3", "--json", str(results), *options(data_dir, out)]) == 0
    assert sorted(folder.iterdir()) == [out, results]
    return out, json.loads(results.read_text())


@pytest.mark.slow
def test_members_are_the_networks_of_the_seeds(trained, data_dir, tmp_path):  # noqa: F811
    committee = load_network(trained[0])
    assert isinstance(committee, Committee)
    assert len(committee.members) == 5
    alone = tmp_path / "alone.safetensors"
    assert main(["train", "--model", "default", "--seed", "5", *options(data_dir, alone)]) == 0
    np.testing.assert_array_equal(committee.members[2].values, load_network(alone).values)
    assert not np.array_equal(committee.members[1].values, committee.members[2].values)
    assert (trained[1]["model"], trained[1]["seed"], trained[1]["epochs"]) == ("committee", 3, EPOCHS)
    assert trained[1]["train_seconds"] > 0


@pytest.mark.slow
def test_evaluate_and_predict_with_a_committee(trained, data_dir, digit_png, tmp_path, capsys):  # noqa: F811
    found = tmp_path / "found.json"
    assert main(["evaluate", str(trained[0]), "--data-dir", str(data_dir), "--json", str(found)]) == 0
    assert json.loads(found.read_text())["test_accuracy"] == trained[1]["test_accuracy"]
    assert main(["predict", str(digit_png), "--model", str(trained[0]), "--json", str(found)]) == 0
    (row,) = json.loads(found.read_text())
    assert sum(row["probabilities"]) == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("epochs_before", [2 * EPOCHS, 2 * EPOCHS + 1])
def test_interrupted_committee_goes_on_to_the_same_bits(
    epochs_before, trained, data_dir, tmp_path, monkeypatch, capsys  # noqa: F811
):  # fmt: skip
    """Interrupted after the second member, and in the middle of the third."""
    out = tmp_path / "committee.safetensors"
    run_epoch, epochs = Trainer._run_epoch, []
    with interrupted_after(epochs_before):
        assert main(["train", "--model", "committee", "--seed", "3", *options(data_dir, out)]) == 1
        assert f"go on with fastcnn train --resume {out} --data-dir {data_dir}\n" in capsys.readouterr().err
    assert not out.exists()
    # A new training must not destroy the trace of this one.
    assert f"--resume {out}" in fails(capsys, "train", "--model", "committee", *options(data_dir, out))
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_run_epoch", lambda *args: epochs.append(args) or run_epoch(*args))
        assert main(["train", "--resume", str(out), "--data-dir", str(data_dir)]) == 0
    assert len(epochs) == 5 * EPOCHS - epochs_before
    assert out.read_bytes() == trained[0].read_bytes()
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.slow
def test_other_settings_are_refused_on_resume(data_dir, tmp_path, capsys):  # noqa: F811
    out = tmp_path / "committee.safetensors"
    with interrupted_after(EPOCHS):
        assert main(["train", "--model", "committee", *options(data_dir, out)]) == 1
    capsys.readouterr()
    # The first member is done, and yet not taken for one of another training.
    message = fails(capsys, "train", "--resume", out, "--data-dir", data_dir, "--seed", 9)
    assert "was made with seed 0, not 9" in message
