"""What is kept of one series and hour, in few bytes and bit by bit as it was: times, and values at each.

Times and values are each turned into small whole numbers, written in as few bytes as the largest needs, byte planes apart, and
compressed with zstd. What is tried:

- times: the change of the interval from sample to sample (almost always 0), as in Gorilla (Pelkonen et al., VLDB 2015);
- values: their decimals as whole numbers and the change from one to the next, when that gives back every bit (0.25, 1204);
  otherwise each value's bits XOR those of the one before.

A byte before each column says how it was turned: the number of decimals, or 255 for XOR.
"""

from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from .samples import Times, Values

XOR = 255
MOST_DECIMALS = 6
_EXACT = 2.0**53
_PROBE = 24
_WIDTHS = (1, 2, 4, 8)
# Without the magic number, sizes and checksums that a frame of 200 bytes has no use for.
_PARAMETERS = zstandard.ZstdCompressionParameters.from_level(
    6, write_checksum=False, write_content_size=False, format=zstandard.FORMAT_ZSTD1_MAGICLESS
)
_compressor = zstandard.ZstdCompressor(compression_params=_PARAMETERS)
_decompressor = zstandard.ZstdDecompressor(format=zstandard.FORMAT_ZSTD1_MAGICLESS)
_LARGEST = 64 * 1024 * 1024
_STORED, _COMPRESSED = b"\0", b"\1"


def pack(times: Times, *columns: Values) -> bytes:
    """Times (at least one, ascending) and any number of values at each, as bytes."""
    parts = [len(times).to_bytes(4, "little"), _small(np.diff(np.diff(times, prepend=0), prepend=0))]
    for values in columns:
        parts += _written(values)
    plain = b"".join(parts)
    compressed = _compressor.compress(plain)
    return _COMPRESSED + compressed if len(compressed) < len(plain) else _STORED + plain


def unpack(data: bytes, columns: int = 1) -> tuple[Times, list[Values]]:
    """The times and the columns that were packed."""
    plain = data[1:] if data[:1] == _STORED else _decompressor.decompress(data[1:], max_output_size=_LARGEST)
    count = int.from_bytes(plain[:4], "little")
    second, position = _whole_numbers(plain, 4, count)
    found: list[Values] = []
    for _ in range(columns):
        values, position = _values(plain, position, count)
        found.append(values)
    return np.cumsum(np.cumsum(second)), found


def rounded_as(sums: Values, values: Values) -> Values:
    """Sums of numbers like these, without the last bits that adding binary fractions leaves: 0.1 + 0.2 is 0.3."""
    decimals = _decimals(values)
    if not decimals or not (np.abs(sums * 10.0**decimals) < _EXACT).all():
        return sums
    rounded = _whole(sums, decimals) / 10.0**decimals
    return rounded if np.allclose(rounded, sums, rtol=1e-12, atol=0) else sums


def _written(values: Values) -> list[bytes]:
    decimals = _decimals(values)
    if decimals is None:
        bits = values.view(np.uint64)
        changes = bits.copy()
        changes[1:] ^= bits[:-1]
        return [bytes([XOR]), _planes(changes.view(np.uint8).reshape(-1, 8))]
    return [bytes([decimals]), _small(np.diff(_whole(values, decimals), prepend=0))]


def _values(plain: bytes, position: int, count: int) -> tuple[Values, int]:
    kind, position = plain[position], position + 1
    if kind == XOR:
        planes = np.frombuffer(plain, np.uint8, 8 * count, position).reshape(8, count)
        bits = np.bitwise_xor.accumulate(np.ascontiguousarray(planes.T).view(np.uint64).ravel())
        return bits.view(np.float64), position + 8 * count
    whole, position = _whole_numbers(plain, position, count)
    return np.cumsum(whole) / 10.0**kind, position


@np.errstate(over="ignore", invalid="ignore")
def _decimals(values: Values) -> int | None:
    """How many decimals say all of every value; None when too many, or what is no plain number."""
    for decimals in range(MOST_DECIMALS + 1):
        for some in (values[:_PROBE], values):
            scaled = some * 10.0**decimals
            if not (np.abs(scaled) < _EXACT).all():  # also false for NaN
                return None
            back = _whole(some, decimals) / 10.0**decimals
            if not (back.view(np.uint64) == some.view(np.uint64)).all():
                break
        else:
            return decimals
    return None


def _whole(values: Values, decimals: int) -> Times:
    return np.rint(values * 10.0**decimals).astype(np.int64)


def _small(numbers: Times) -> bytes:
    """Whole numbers in the fewest bytes that hold the largest: that width first, then byte plane by byte plane."""
    zigzag = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
    first, rest = zigzag[:1], zigzag[1:]  # the first is no change but the beginning, and large
    largest = int(rest.max()) if len(rest) else 0
    width = next(width for width in _WIDTHS if largest < 1 << (8 * width))
    return bytes([width]) + first.tobytes() + _planes(rest.view(np.uint8).reshape(-1, 8)[:, :width])


def _whole_numbers(plain: bytes, position: int, count: int) -> tuple[Times, int]:
    width, begin = plain[position], position + 9
    end = begin + width * (count - 1)
    zigzag = np.zeros((count, 8), np.uint8)
    zigzag[0] = np.frombuffer(plain, np.uint8, 8, position + 1)
    zigzag[1:, :width] = np.frombuffer(plain, np.uint8, end - begin, begin).reshape(width, count - 1).T
    numbers = zigzag.view(np.uint64).ravel()
    return ((numbers >> np.uint64(1)).view(np.int64) ^ -(numbers & np.uint64(1)).view(np.int64)), end


def _planes(rows: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(rows.T).tobytes()
