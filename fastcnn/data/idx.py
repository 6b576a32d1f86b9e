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
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

# The largest file of the known datasets: the 240,000 training digits of EMNIST take 188 MB.
MAX_BYTES = 2**28
MAX_DIMENSIONS = 4

# Deflate expands one byte to at most this many (zlib's technical notes, "Maximum Compression Factor").
_DEFLATE_RATIO = 1032
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 2**20
# Other files that users give as IDX files: their first bytes, and what to do.
_OTHERS = (
    (_GZIP_MAGIC, "is packed by gzip twice; unpack it once"),
    (b"PK\x03\x04", "is a zip or npz archive and not an IDX file; give the IDX file in it"),
    (b"\x93NUMPY", "is a NumPy file and not an IDX file; load it with numpy.load and give the arrays to Trainer.fit"),
    (b"<", "is a web page and not an IDX file; download the file itself"),
)
_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class IdxError(ValueError):
    """A file is not the IDX file that it should be. The message says which file, and what to do."""


def _take(stream: IO[bytes], count: int, path: Path) -> bytes:
    taken = stream.read(count)
    if len(taken) < count:
        raise IdxError(f"{path} is truncated within its header; get or make it anew")
    return taken


def _not_idx(start: bytes) -> str:
    """What a file is by its first eight bytes, and what to do."""
    for beginning, says in _OTHERS:
        if start.startswith(beginning):
            return says
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start):
        return "is text, perhaps CSV, and not an IDX file; read it into arrays and give them to Trainer.fit"
    return "is not an IDX file; give one, such as MNIST's of this name"


def _read_header(stream: IO[bytes], path: Path) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """The type and the dimensions in the header, and its length in bytes."""
    start = _take(stream, 4, path)
    zeros, code, ndim = struct.unpack(">HBB", start)
    if zeros != 0 or code not in _DTYPES or not 1 <= ndim <= MAX_DIMENSIONS:
        raise IdxError(f"{path} {_not_idx(start + stream.read(4))}")
    shape = struct.unpack(f">{ndim}I", _take(stream, 4 * ndim, path))
    if 0 in shape:
        raise IdxError(f"{path} holds nothing (its dimensions are {shape}); get or make it anew")
    return np.dtype(_DTYPES[code]), shape, 4 + 4 * ndim


def _check_promise(
    shape: tuple[int, ...], itemsize: int, header: int, file_size: int, packed: bool, max_bytes: int, path: Path
) -> None:
    """Raise an error if the file cannot hold what its header promises, before memory is allocated."""
    promised = math.prod(shape) * itemsize
    most = (file_size * _DEFLATE_RATIO if packed else file_size) - header
    if promised <= min(most, max_bytes):
        return
    swapped = struct.unpack(f"<{len(shape)}I", struct.pack(f">{len(shape)}I", *shape))
    if not packed and math.prod(swapped) * itemsize == most:
        raise IdxError(f"{path} has its dimensions in little-endian order; write them big-endian, as IDX has them")
    if promised > max_bytes:
        raise IdxError(
            f"{path} claims {promised} bytes of values, more than the {max_bytes} allowed; get or make it anew"
        )
    raise IdxError(
        f"{path} is truncated: its header promises {promised} bytes of values and it can hold {most}; "
        "get or make it anew"
    )


def _read_values(stream: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...], path: Path) -> NDArray[Any]:
    values = np.empty(shape, dtype)
    view = values.reshape(-1).view(np.uint8).data
    start = 0
    # Read in pieces: GzipFile.readinto makes a copy of all that it reads at once.
    while start < len(view):
        got = cast(Any, stream).readinto(view[start : start + _CHUNK])
        if not got:
            raise IdxError(
                f"{path} is truncated: its header promises {len(view)} bytes of values and {start} are there; "
                "get or make it anew"
            )
        start += got
    # This read also makes gzip compare its checksum.
    if stream.read(1):
        raise IdxError(f"{path} is longer than the {len(view)} bytes of values it promises; get or make it anew")
    return values


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
    path = Path(path)
    if path.is_fifo():
        raise IdxError(f"{path} is a pipe, which may give nothing for ever; give a file")
    try:
        with path.open("rb") as file:
            file_size = os.fstat(file.fileno()).st_size
            if file_size == 0:
                raise IdxError(f"{path} is empty; get or make it anew")
            packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if packed else file
            dtype, shape, header = _read_header(stream, path)
            _check_promise(shape, dtype.itemsize, header, file_size, packed, max_bytes, path)
            values = _read_values(stream, dtype, shape, path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist; check the path") from None
    except EOFError:
        raise IdxError(f"{path} is truncated: its gzip data end early; get or make it anew") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise IdxError(f"{path} is damaged ({error}); get or make it anew") from None
    except OSError as error:
        raise IdxError(f"{path} cannot be read ({error.strerror}); check that it is a file you may read") from error
    return values.astype(dtype.newbyteorder("="), copy=False)
