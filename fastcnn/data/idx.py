"""Read one IDX file, the format of MNIST, plain or gzip, and trust nothing in its header.

An IDX file begins with two zero bytes, a type code and the number of dimensions. Each dimension follows as a big-endian
uint32, and then the values, big-endian, in row-major order. A file may be empty, truncated, damaged or malicious. So
the header is compared with the number of bytes that can be there, before memory is allocated. The reader takes at most

one byte more than the header promises. `fastcnn.data.load` knows what the values mean (pictures, labels).
"""

import gzip
import math
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from fastcnn.errors import FastcnnError, Sentence

# EMNIST's 240,000 training digits are 188 MB, the largest file read here.
MAX_BYTES = 2**28
MAX_DIMENSIONS = 4

# Deflate expands one byte to at most this many (zlib's technical notes, "Maximum Compression Factor").
_DEFLATE_RATIO = 1032
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 2**20
_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class IdxError(FastcnnError, ValueError):
    """A file that is not the IDX file it should be; the message says which and what to do."""


def _take(stream: IO[bytes], count: int) -> bytes:
    taken = stream.read(count)
    if len(taken) < count:
        raise IdxError("is truncated within its header; get or make it again")
    return taken


def _not_idx(start: bytes) -> IdxError:
    """What the first eight bytes of a file show it to be, and what to do."""
    if start.startswith(_GZIP_MAGIC):
        return IdxError("is packed by gzip twice; unpack it once")
    if start.startswith(b"PK\x03\x04"):
        return IdxError("is a zip or npz archive and not an IDX file; give the IDX file in it")
    if start.startswith(b"\x93NUMPY"):
        return IdxError(
            "is a NumPy file and not an IDX file; load it with numpy.load and give the arrays to Trainer.fit"
        )
    if start.startswith(b"<"):
        return IdxError("is a web page and not an IDX file; download the file itself")
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start):
        return IdxError("is text, perhaps CSV, and not an IDX file; read it into arrays and give them to Trainer.fit")
    return IdxError("is not an IDX file; give one, such as MNIST's of this name")


def _read_header(stream: IO[bytes]) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Type and dimensions as the header gives them, and the header's length in bytes."""
    start = _take(stream, 4)
    zeros, code, ndim = struct.unpack(">HBB", start)
    if zeros != 0 or code not in _DTYPES or not 1 <= ndim <= MAX_DIMENSIONS:
        raise _not_idx(start + stream.read(4))
    shape = struct.unpack(f">{ndim}I", _take(stream, 4 * ndim))
    if 0 in shape:
        raise IdxError("holds nothing (its dimensions are {shape}); get or make it again", shape=shape)
    return np.dtype(_DTYPES[code]), shape, 4 + 4 * ndim


def _check_promise(
    shape: tuple[int, ...], itemsize: int, header: int, file_size: int, packed: bool, max_bytes: int
) -> None:
    """Raise an error if the file cannot hold what its header promises, before memory is allocated."""
    promised = math.prod(shape) * itemsize
    most = (file_size * _DEFLATE_RATIO if packed else file_size) - header
    if promised <= min(most, max_bytes):
        return
    swapped = struct.unpack(f"<{len(shape)}I", struct.pack(f">{len(shape)}I", *shape))
    if not packed and math.prod(swapped) * itemsize == most:
        raise IdxError("has its dimensions in little-endian order; write them big-endian, as IDX has them")
    if promised > max_bytes:
        raise IdxError(
            "claims {promised} bytes of values, more than the {limit} allowed; get or make it again",
            promised=promised,
            limit=max_bytes,
        )
    raise IdxError(
        "is truncated: its header promises {promised} bytes of values and it can hold {most}; get or make it again",
        promised=promised,
        most=most,
    )


def _read_values(stream: IO[bytes], values: NDArray[Any], done: int, promised: int) -> None:
    """Fill an array from the stream, of which so many bytes of those promised are read."""
    view = values.reshape(-1).view(np.uint8).data
    start = 0
    # Read in pieces: GzipFile.readinto makes a copy of all that it reads at once.
    while start < len(view):
        got = cast(Any, stream).readinto(view[start : start + _CHUNK])
        if not got:
            raise IdxError(
                "is truncated: its header promises {promised} bytes of values and {found} are there; "
                "get or make it again",
                promised=promised,
                found=done + start,
            )
        start += got


def read_idx(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> NDArray[Any]:
    """The array in an IDX file.

    Parameters
    ----------
    path : plain or gzip; the content decides, not the name
    max_bytes : raise an error if the values take more than this

    Returns
    -------
    array of one to four dimensions, none of them zero; uint8, int8, int16, int32, float32 or float64, in native order

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    IdxError
        A ValueError: the file cannot be read, is empty, truncated, damaged, too long or too large, or is no IDX file.

    It takes the memory of the array and about 2 MB, for any file.
    """
    (values,) = read_idx_pieces(path, None, max_bytes=max_bytes)
    return values


def read_idx_pieces(
    path: str | os.PathLike[str], count: int | None, *, max_bytes: int = MAX_BYTES
) -> Iterator[NDArray[Any]]:
    """The same array in pieces of `count` along its first axis; in one for None. The errors are those of `read_idx`."""
    with _opened(Path(path), max_bytes) as (stream, dtype, shape):
        item = math.prod(shape[1:]) * dtype.itemsize
        promised = shape[0] * item
        for start in range(0, shape[0], count or shape[0]):
            values = np.empty((min(count or shape[0], shape[0] - start), *shape[1:]), dtype)
            _read_values(stream, values, start * item, promised)
            # This read also makes gzip compare its checksum.
            if start + len(values) == shape[0] and stream.read(1):
                raise IdxError(
                    "is longer than the {promised} bytes of values it promises; get or make it again",
                    promised=promised,
                )
            yield values.astype(dtype.newbyteorder("="), copy=False)


@contextmanager
def _opened(path: Path, max_bytes: int) -> Iterator[tuple[IO[bytes], np.dtype[Any], tuple[int, ...]]]:
    """The stream of a file's values, with their type and dimensions. Errors, while it is read too, name the file."""
    try:
        if path.is_fifo():
            raise IdxError("is a pipe, which may give nothing for ever; give a file")
        with path.open("rb") as file:
            file_size = os.fstat(file.fileno()).st_size
            if file_size == 0:
                raise IdxError("is empty; get or make it again")
            packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if packed else file
            dtype, shape, header = _read_header(stream)
            _check_promise(shape, dtype.itemsize, header, file_size, packed, max_bytes)
            yield stream, dtype, shape
    except IdxError as fault:
        raise IdxError("{path} {fault}", path=path, fault=fault) from None
    except FileNotFoundError:
        raise FileNotFoundError(Sentence("{path} does not exist; check the path", path=path)) from None
    except EOFError:
        raise IdxError("{path} is truncated: its gzip data end early; get or make it again", path=path) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise IdxError("{path} is damaged ({detail}); get or make it again", path=path, detail=error) from None
    except OSError as error:
        raise IdxError(
            "{path} cannot be read ({reason}); check that it is a file you may read", path=path, reason=error
        ) from error
