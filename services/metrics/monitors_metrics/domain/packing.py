"""What is kept of one series and hour, in few bytes and bit by bit as it was: times, and values at each.

Times and values are each turned into small whole numbers, written in as few bytes as the largest needs, byte planes apart, and
compressed with zstd. What is tried:

- times: the change of the interval from sample to sample (almost always 0), as in Gorilla (Pelkonen et al., VLDB 2015);
- values: their decimals as whole numbers and the change from one to the next, when that gives back every bit (0.25, 1204);
  otherwise each value's bits XOR those of the one before.

A byte before each column says how it was turned: the number of decimals, or 255 for XOR. Many series are packed at once, so
that numpy does for all of them what it would do for each.
"""

import numpy as np
import zstandard
from numpy.typing import NDArray

from .samples import Bits, Mask, Times, Values

XOR = 255
MOST_DECIMALS = 6
_EXACT = 2.0**53
_WIDTHS = np.array([1 << 8, 1 << 16, 1 << 32], np.uint64)
_BYTES = np.array([1, 2, 4, 8])
# Without the magic number and checksum that a frame of 200 bytes has no use for; with its size, which makes unpacking fast.
_PARAMETERS = zstandard.ZstdCompressionParameters.from_level(
    6, write_checksum=False, write_content_size=True, format=zstandard.FORMAT_ZSTD1_MAGICLESS
)
_compressor = zstandard.ZstdCompressor(compression_params=_PARAMETERS)
_decompressor = zstandard.ZstdDecompressor(format=zstandard.FORMAT_ZSTD1_MAGICLESS)
_STORED, _COMPRESSED = b"\0", b"\1"


def pack(times: Times, *columns: Values) -> bytes:
    """Times (at least one, ascending) and any number of values at each, as bytes."""
    [packed] = pack_many(np.array([0]), times, np.array(columns))
    return packed


def pack_many(starts: Times, times: Times, columns: Values) -> list[bytes]:
    """As `pack`, for series that stand one after the other: `starts` is where each begins, `columns` has a row a column."""
    ends = [*starts[1:].tolist(), len(times)]
    time_bytes, time_widths = _small(_time_changes(starts, times), starts)
    turned = [_turned(starts, values) for values in columns]
    packed: list[bytes] = []
    for number, (first, end) in enumerate(zip(starts.tolist(), ends, strict=True)):
        parts = [(end - first).to_bytes(4, "little"), _planes(time_bytes[first:end], time_widths[number])]
        for decimals, small, widths, xor in turned:
            parts.append(bytes([decimals[number]]))
            if decimals[number] == XOR:
                parts.append(xor[first:end].T.tobytes())
            else:
                parts.append(_planes(small[first:end], widths[number]))
        plain = b"".join(parts)
        compressed = _compressor.compress(plain)
        packed.append(_COMPRESSED + compressed if len(compressed) < len(plain) else _STORED + plain)
    return packed


def unpack(data: bytes, columns: int = 1) -> tuple[Times, list[Values]]:
    """The times and the columns that were packed."""
    plain = data[1:] if data[:1] == _STORED else _decompressor.decompress(data[1:])
    count = int.from_bytes(plain[:4], "little")
    times, position = _whole_numbers(plain, 4, count)
    np.cumsum(times[1:], out=times[1:])
    found: list[Values] = []
    for _ in range(columns):
        kind, position = plain[position], position + 1
        if kind == XOR:
            planes = np.frombuffer(plain, np.uint8, 8 * count, position).reshape(8, count)
            bits = np.bitwise_xor.accumulate(np.ascontiguousarray(planes.T).view(np.uint64).ravel())
            found.append(bits.view(np.float64))
            position += 8 * count
        else:
            whole, position = _whole_numbers(plain, position, count)
            found.append(np.cumsum(whole) / 10.0**kind)
    return np.cumsum(times), found


def rounded_as(sums: Values, values: Values, starts: Times) -> Values:
    """Sums and differences of numbers like these, without the last bits that binary fractions leave: 0.1 + 0.2 is 0.3."""
    decimals = _spread(_decimals(values, starts), starts, len(sums))
    factors = 10.0 ** np.where(decimals == XOR, 0, decimals)
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.rint(sums * factors) / factors
        close = (decimals != XOR) & (np.abs(rounded - sums) <= 1e-12 * np.maximum(np.abs(sums), np.abs(values)))
    return np.where(close, rounded, sums)


def _time_changes(starts: Times, times: Times) -> Times:
    intervals = np.diff(times, prepend=0)
    changes = np.diff(intervals, prepend=0)
    second = starts[np.diff(np.append(starts, len(times))) > 1] + 1
    changes[second] = intervals[second]
    changes[starts] = times[starts]
    return changes


def _turned(starts: Times, values: Values) -> tuple[list[int], NDArray[np.uint8], list[int], NDArray[np.uint8]]:
    decimals = _decimals(values, starts)
    bits = values.view(np.uint64)
    xor = bits.copy()
    xor[1:] ^= bits[:-1]
    xor[starts] = bits[starts]
    spread = _spread(decimals, starts, len(values))
    with np.errstate(over="ignore", invalid="ignore"):
        whole = np.where(spread == XOR, 0, np.rint(values * 10.0 ** np.where(spread == XOR, 0, spread))).astype(
            np.int64
        )
    changes = np.diff(whole, prepend=0)
    changes[starts] = whole[starts]
    small, widths = _small(changes, starts)
    return decimals.tolist(), small, widths, xor.view(np.uint8).reshape(-1, 8)


def _decimals(values: Values, starts: Times) -> Times:
    """How many decimals say all of every value of a series; XOR when too many, or what is no plain number."""
    found = np.full(len(values), XOR)
    rest = np.arange(len(values))
    for decimals in range(MOST_DECIMALS + 1):
        exact = _exact(values[rest], decimals)
        found[rest[exact]] = decimals
        rest = rest[~exact]
        if not len(rest):
            break
    most = np.maximum.reduceat(found, starts)
    # What is exact with fewer decimals is with more, unless it grows too large for that.
    spread = _spread(most, starts, len(values))
    for decimals in np.unique(most[most != XOR]).tolist():
        [of] = np.nonzero(spread == decimals)
        failing = of[~_exact(values[of], decimals)]
        most[np.searchsorted(starts, failing, side="right") - 1] = XOR
    return most


@np.errstate(over="ignore", invalid="ignore")
def _exact(values: Values, decimals: int) -> Mask:
    scaled = values * 10.0**decimals
    fits = np.abs(scaled) < _EXACT  # also false for NaN
    back = np.where(fits, np.rint(scaled), 0).astype(np.int64) / 10.0**decimals
    return fits & (back.view(np.uint64) == values.view(np.uint64))


def _small(numbers: Times, starts: Times) -> tuple[NDArray[np.uint8], list[int]]:
    """Signed numbers as unsigned ones, small when they were, by bytes; and how many bytes the largest of each series needs.

    A series' first is no change but its beginning, and large: it doesn't count.
    """
    zigzag = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
    rest: Bits = zigzag.copy()
    rest[starts] = 0
    widths = _BYTES[np.searchsorted(_WIDTHS, np.maximum.reduceat(rest, starts), side="right")]
    return zigzag.view(np.uint8).reshape(-1, 8), widths.tolist()


def _planes(rows: NDArray[np.uint8], width: int) -> bytes:
    return bytes([width]) + rows[0].tobytes() + rows[1:, :width].T.tobytes()


def _whole_numbers(plain: bytes, position: int, count: int) -> tuple[Times, int]:
    width, begin = plain[position], position + 9
    end = begin + width * (count - 1)
    planes = np.frombuffer(plain, np.uint8, end - begin, begin).reshape(width, count - 1)
    zigzag = np.empty(count, np.uint64)
    zigzag[:1] = np.frombuffer(plain, np.uint64, 1, position + 1)
    zigzag[1:] = planes[0] if width == 1 else np.ascontiguousarray(planes.T).view(f"<u{width}").ravel()
    return (zigzag >> 1).view(np.int64) ^ -(zigzag & 1).view(np.int64), end


def _spread(of_series: Times, starts: Times, length: int) -> Times:
    return np.repeat(of_series, np.diff(np.append(starts, length)))
