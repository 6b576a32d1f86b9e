"""Files: what was saved comes back, a kill or a full disk spares the old file, a broken file is one sentence."""

import errno
import json
import os
import random
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save

from fastcnn import load_network, paper_network, storage
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Dropout, Flatten, ReLU
from fastcnn.network import files
from fastcnn.network.sequential import Sequential

KILLS = 10

# Saves networks whose values are all 1, all 2, ... until it is killed.
SAVE_FOREVER = """
import sys
from fastcnn import paper_network
network, value = paper_network(seed=0), 0
while True:
    value += 1
    for parameter in network.parameters.values():
        parameter.storage[...] = value
    network.save(sys.argv[1])
    if value == 1:
        print("saved", flush=True)
"""

SAVE_ON_A_FULL_DISK = """
import resource, sys
from fastcnn import paper_network
from fastcnn.errors import FastcnnError
network = paper_network(seed=1)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    network.save(sys.argv[1])
except FastcnnError as error:
    print(error)
"""


def small_network(seed=0, dtype=np.float32):
    layers = [Conv2d(2, 2, padding=((1, 0), (0, 1))), BatchNorm2d(), ReLU(), Flatten(), Dropout(0.1, seed=4), Affine(3)]
    network = Sequential(layers, input_shape=(1, 3, 4), seed=seed, dtype=dtype, name="small")
    network.buffers[:] = np.arange(network.buffers.size)
    return network


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.safetensors"


def assert_refused(path, message=None):
    """Loading fails with one sentence that names the file."""
    with pytest.raises(FastcnnError, match=message) as caught:
        load_network(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    assert len(text) < 600 + len(str(path))


def only_file_in(folder):
    (path,) = folder.iterdir()
    return path


@pytest.mark.parametrize("make", [paper_network, small_network, lambda: small_network(dtype=np.float64)])
def test_what_was_saved_comes_back(make, path, rng):
    network = make()
    network.save(path)
    again = load_network(path)
    assert again.describe() == network.describe()
    for name, array in network.state_arrays().items():
        np.testing.assert_array_equal(again.state_arrays()[name], array)
        assert again.state_arrays()[name].dtype == array.dtype
    images = rng.standard_normal((3, *network.input_shape))
    np.testing.assert_array_equal(again.forward(images), network.forward(images))
    assert only_file_in(path.parent) == path


def test_saving_again_gives_the_same_bytes(path, tmp_path):
    small_network().save(path)
    small_network().save(tmp_path / "other")
    load_network(path).save(tmp_path / "third")
    assert path.read_bytes() == (tmp_path / "other").read_bytes() == (tmp_path / "third").read_bytes()


def test_a_path_may_be_text(path):
    small_network().save(str(path))
    assert load_network(str(path)).name == "small"


def test_arrays_and_metadata_come_back(path, rng):
    arrays = {"a": rng.integers(0, 9, (2, 3)), "b": np.zeros((0, 4), np.float32), "c": rng.random(5) < 0.5}
    arrays["d"] = np.array([1, 2**64 - 1], np.uint64)
    storage.write_arrays(path, arrays, {"note": "text"})
    again, metadata = storage.read_arrays(path)
    assert metadata == {"note": "text"}
    assert set(again) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array)
        assert again[name].dtype == array.dtype


@pytest.mark.slow
def test_the_old_file_survives_a_kill_while_saving(path, tmp_path):
    choose = random.Random(0)
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", SAVE_FOREVER, str(path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "FASTCNN_BACKEND": "reference"},
        )
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"saved\n"
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(choose.uniform(0, 0.05))
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdout.close()
        values = np.concatenate([p.array.ravel() for p in load_network(path).parameters.values()])
        assert values.min() == values.max() >= 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
def test_a_full_disk_spares_the_old_file(path, run_python):
    paper_network(seed=0).save(path)
    before = path.read_bytes()
    output = run_python(SAVE_ON_A_FULL_DISK, str(path)).stdout
    assert output.startswith(f"cannot write {path}: ")
    assert output.count("\n") == 1
    assert path.read_bytes() == before
    assert only_file_in(path.parent) == path


@pytest.mark.parametrize("name", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_at_any_step_leaves_no_temporary_file(name, error, path, monkeypatch):
    small_network(seed=0).save(path)
    before = path.read_bytes()

    def fail(*arguments):
        raise error

    monkeypatch.setattr(os, name, fail)
    expected = FastcnnError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        small_network(seed=1).save(path)
    assert path.read_bytes() == before
    assert only_file_in(path.parent) == path


def test_what_killed_processes_left_behind_is_removed_later(path):
    old, young, foreign, resembling = (
        path.parent / name
        for name in (
            f".{path.name}.{'0' * 16}.tmp",
            f".{path.name}.{'1' * 16}.tmp",
            ".other.tmp",
            f".{path.name}.x.tmp",
        )
    )
    for each in (old, young, foreign, resembling):
        each.write_text("half a network")
    for each in (old, foreign, resembling):
        os.utime(each, (0, 0))
    small_network(seed=0).save(path)
    assert set(path.parent.iterdir()) == {path, young, foreign, resembling}


def test_a_network_that_is_not_finite_is_not_saved(path):
    network = small_network()
    network.save(path)
    before = path.read_bytes()
    network.parameters["5.bias"].storage[1] = np.nan
    with pytest.raises(FastcnnError, match=r"not saved because 5\.bias holds values that are not finite"):
        network.save(path)
    assert path.read_bytes() == before


def test_a_link_stays_a_link_and_permissions_stay(path, tmp_path):
    target = tmp_path / "folder" / "target"
    target.parent.mkdir()
    target.write_bytes(b"old")
    target.chmod(0o640)
    path.symlink_to(target)
    small_network().save(path)
    assert path.is_symlink()
    assert load_network(target).name == "small"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_new_file_has_the_usual_permissions(path, tmp_path):
    small_network().save(path)
    (tmp_path / "usual").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_long_names_can_be_saved(tmp_path):
    path = tmp_path / ("é" * 120)
    small_network().save(path)
    assert load_network(path).name == "small"


@pytest.mark.parametrize(
    ("place", "message"),
    [("missing/folder/file", "its folder does not exist"), ("", "it is a folder"), ("nul\0l", "embedded null")],
)
def test_places_that_cannot_be_written_are_one_sentence(place, message, tmp_path):
    with pytest.raises(FastcnnError, match=f"cannot write .*{message}"):
        small_network().save(f"{tmp_path}/{place}")
    assert not list(tmp_path.iterdir())


def test_pipes_and_devices_are_neither_replaced_nor_waited_for(path):
    os.mkfifo(path)
    with pytest.raises(FastcnnError, match="it is not an ordinary file"):
        small_network().save(path)
    assert_refused(path, "is not a file")
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.fixture
def ordinary_user():
    """Root may read and write anything: become nobody meanwhile."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


def test_no_permission_is_one_sentence(path, ordinary_user):
    effective = os.geteuid()
    if os.getuid() == 0:
        os.seteuid(0)
    small_network().save(path)
    path.chmod(0)
    path.parent.chmod(0o555)
    os.seteuid(effective)
    assert_refused(path, "cannot read .*: Permission denied; give the path")
    with pytest.raises(FastcnnError, match=r"cannot write .*: Permission denied; choose another place"):
        small_network().save(path)
    if os.getuid() == 0:
        os.seteuid(0)
    path.parent.chmod(0o755)


def test_a_missing_file_and_a_folder_are_one_sentence(path, tmp_path):
    assert_refused(path, "cannot read .*: No such file or directory; give the path of a .safetensors file")
    assert_refused(tmp_path, "is not a file; give the path of a .safetensors file")
    with pytest.raises(FastcnnError, match="embedded null"):
        load_network("nul\0l")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"not a safetensors file", "is damaged or no safetensors file"),
        (b"\xff" * 100, "is damaged or no safetensors file"),
        (b"PK\x03\x04" + b"\0" * 100, "is damaged or no safetensors file"),
        (bytes(8), "is damaged or no safetensors file"),
        (save({"0.weight": np.zeros(3, np.float32)}), "its checksum is missing"),
        (save({"0.weight": np.zeros(3, np.float32)}, {"sha256": "0"}), "its checksum is wrong"),
        (save({"0.weight": np.zeros(3, np.float16)}), "holds an array of dtype F16"),
    ],
)
def test_other_files_are_one_sentence(data, message, path):
    path.write_bytes(data)
    assert_refused(path, message)


def test_truncations_and_extensions_are_refused(path):
    small_network().save(path)
    data = path.read_bytes()
    for length in (*range(0, len(data), 7), len(data) - 1):
        path.write_bytes(data[:length])
        assert_refused(path)
    path.write_bytes(data + b"\0")
    assert_refused(path)


def test_a_flipped_bit_anywhere_is_refused(path):
    small_network().save(path)
    data = bytearray(path.read_bytes())
    for position in range(0, len(data), 3):
        data[position] ^= 1 << (position % 8)
        path.write_bytes(data)
        assert_refused(path)
        data[position] ^= 1 << (position % 8)
    path.write_bytes(data)
    assert load_network(path).name == "small"


def test_an_oversized_file_is_not_read(path, monkeypatch):
    with open(path, "wb") as file:
        file.truncate(storage.MAX_FILE_BYTES + 1)  # a hole: it takes no room
    monkeypatch.setattr("builtins.open", None)
    assert_refused(path, "is larger than 257 MiB")


def test_a_file_that_grows_meanwhile_is_not_read_on(path, monkeypatch):
    small_network().save(path)
    monkeypatch.setattr(storage.os, "stat", lambda _: os.stat_result((stat.S_IFREG, *[0] * 9)))
    with pytest.raises(FastcnnError, match="is larger than 0 MiB"):
        storage.read_arrays(path, max_bytes=100)


CHANGED_ARRAYS = {
    "a name is missing": (lambda a: a.pop("0.bias"), "lacks '0.bias'"),
    "a name is unknown": (lambda a: a.update(evil=np.zeros(1, np.float32)), "has 'evil' in excess"),
    "20,000 names": (
        lambda a: a.update({f"x\n{i}": np.zeros(0, np.float32) for i in range(20_000)}),
        "in excess",
    ),
    "another shape": (
        lambda a: a.update({"0.bias": np.zeros((2, 1), np.float32)}),
        r"0\.bias must have the shape \(2,\)",
    ),
    "another dtype": (lambda a: a.update({"0.bias": np.zeros(2)}), r"0\.bias must be float32, not float64"),
    "not a number": (
        lambda a: a.update({"0.bias": np.full(2, np.nan, np.float32)}),
        r"0\.bias holds values that are not",
    ),
    "infinite": (lambda a: a.update({"1.running_var": np.full(2, np.inf, np.float32)}), "are not finite"),
}


@pytest.mark.parametrize("case", CHANGED_ARRAYS)
def test_wrong_arrays_are_one_sentence(case, path):
    change, message = CHANGED_ARRAYS[case]
    network = small_network()
    arrays = network.state_arrays()
    change(arrays)
    storage.write_arrays(path, arrays, {"format": files.FORMAT, "description": json.dumps(network.describe())})
    assert_refused(path, message)


def changed_layer(index, **options):
    def change(description):
        description["layers"][index].update(options)

    return change


CHANGED_DESCRIPTIONS = {
    "huge layer": (changed_layer(5, out_features=2**31 - 1), "is larger than 67108864 values a picture"),
    "many parameters": (changed_layer(5, out_features=2**25), "more than 67108864 parameters"),
    "larger than int": (changed_layer(5, out_features=10**400), "out_features must lie between"),
    "huge padding": (changed_layer(0, padding=[[10**6, 0], [0, 10**6]]), "is larger than"),
    "large layer": (changed_layer(5, out_features=1000), r"5\.weight must have the shape \(24, 1000\)"),
    "negative": (changed_layer(0, stride=-1), "stride"),
    "text": (changed_layer(0, kernel_size="2"), "kernel_size"),
    "long list": (changed_layer(0, kernel_size=[2] * 100_000), "kernel_size"),
    "not finite": (changed_layer(1, eps=float("nan")), "eps must be finite"),
    "beyond float": (changed_layer(1, momentum=10**400), "momentum must be finite"),
    "unknown layer": (changed_layer(2, type="os.system"), "there is no layer 'os.system'"),
    "unknown layer with line ends": (changed_layer(2, type="a\nb" * 1000), "there is no layer"),
    "unknown option": (changed_layer(2, **{"evil\n": 1}), "ReLU has the options"),
    "layers are no list": (lambda d: d.update(layers="ReLU"), "must hold a list of at most 1000 layers"),
    "no layers": (lambda d: d.update(layers=[]), "has 1 to 1000 layers"),
    "many layers": (lambda d: d.update(layers=[{"type": "ReLU"}] * 100_000), "must hold a list of at most 1000 layers"),
    "a layer is a list": (lambda d: d["layers"].append(["ReLU"]), "must be described by its type and options"),
    "missing key": (lambda d: d.pop("dtype"), "must have name, input_shape, dtype and layers"),
    "extra key": (lambda d: d.update(code="print()"), "must have name, input_shape, dtype and layers"),
    "another dtype": (lambda d: d.update(dtype="object\n"), "dtype must be float32 or float64"),
    "input shape": (lambda d: d.update(input_shape=[1, 3]), "input_shape must be"),
    "input size": (lambda d: d.update(input_shape=[1, 3, 10**9]), "is larger than|more than"),
    "input text": (lambda d: d.update(input_shape="1, 3, 4"), "input_shape must be"),
    "name": (lambda d: d.update(name="a\x1b[31m"), "printable"),
    "views": (lambda d: d.update(views=3), "views must be one of"),
    "views are true": (lambda d: d.update(views=True), "views must be an"),
    "views are no integer": (lambda d: d.update(views=2.5), "views must be an"),
    "views are text": (lambda d: d.update(views="5"), "views must be an"),
    "views are null": (lambda d: d.update(views=None), "views must be an"),
    "many views": (lambda d: d.update(views=10**400), "views must lie between"),
    "long name": (lambda d: d.update(name="a" * 10_000), "name must be at most 200"),
}


@pytest.mark.parametrize("case", CHANGED_DESCRIPTIONS)
def test_wrong_descriptions_are_one_sentence(case, path):
    change, message = CHANGED_DESCRIPTIONS[case]
    network = small_network()
    description = network.describe()
    change(description)
    metadata = {"format": files.FORMAT, "description": json.dumps(description)}
    storage.write_arrays(path, network.state_arrays(), metadata)
    assert_refused(path, message)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "its metadata is not of the format"),
        ({"format": "fastcnn network 99", "description": "{}"}, "its metadata is not of the format"),
        ({"format": files.FORMAT}, "its metadata is not of the format"),
        ({"format": files.FORMAT, "description": ""}, "holds no network that fastcnn knows"),
        ({"format": files.FORMAT, "description": "null"}, "must have name, input_shape"),
        ({"format": files.FORMAT, "description": "{" * 100}, "holds no network that fastcnn knows"),
        ({"format": files.FORMAT, "description": "[" * 1_000_000}, "nested too deeply"),
        ({"format": files.FORMAT, "description": "9" * 10_000}, "holds no network that fastcnn knows"),
        ({"format": files.FORMAT, "description": '{"a":' * 100_000 + "1" + "}" * 100_000}, "nested too deeply"),
    ],
)
def test_wrong_metadata_is_one_sentence(metadata, message, path):
    storage.write_arrays(path, small_network().state_arrays(), metadata)
    assert_refused(path, message)


def test_nothing_is_allocated_for_a_size_that_the_arrays_do_not_have(path, monkeypatch):
    network = small_network()
    description = network.describe()
    description["layers"][5]["out_features"] = 100_000
    metadata = {"format": files.FORMAT, "description": json.dumps(description)}
    storage.write_arrays(path, network.state_arrays(), metadata)
    monkeypatch.setattr(Sequential, "__init__", None)
    assert_refused(path, r"5\.weight must have the shape \(24, 100000\)")
