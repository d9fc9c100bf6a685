"""G.711 mu-law and A-law, exact, by table.

The tables are made from the decision and output values of ITU-T Recommendation G.711 (11/1988,
tables 1 and 2). A sample on a decision value belongs to the interval above it, and negative
samples mirror positive ones by one's complement, as in the ITU-T software tools (G.191).
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 8000
BYTES_PER_SAMPLE = 2


class Codec(Enum):
    """A G.711 variant; the value is its static RTP payload type (RFC 3551 table 4)."""

    PCMU = 0
    PCMA = 8


def encode(codec: Codec, pcm: bytes) -> bytes:
    """Compress signed 16-bit little-endian samples to one byte a sample.

    Raises `ValueError` when `pcm` is not a whole number of samples.
    """
    samples = np.frombuffer(pcm, dtype="<u2")
    codes: NDArray[np.uint8] = _ENCODE[codec][samples]
    return codes.tobytes()


def decode(codec: Codec, payload: bytes) -> bytes:
    """Expand one byte a sample to signed 16-bit little-endian samples."""
    samples: NDArray[np.int16] = _DECODE[codec][np.frombuffer(payload, dtype=np.uint8)]
    return samples.tobytes()


def silence(codec: Codec, sample_count: int) -> bytes:
    """Return `sample_count` bytes of the codec's quietest positive code."""
    return encode(codec, bytes(BYTES_PER_SAMPLE * sample_count))


def _segments_and_steps() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    magnitude_codes = np.arange(128, dtype=np.int64)
    return magnitude_codes >> 4, magnitude_codes & 0x0F


def _mu_law_edges_and_outputs() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lower interval edges and outputs of the 128 magnitudes, on the 16-bit scale."""
    segment, step = _segments_and_steps()
    edges = ((2 * step + 32) << segment) - 33
    outputs = ((2 * step + 33) << segment) - 33
    return edges * 4, outputs * 4


def _a_law_edges_and_outputs() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lower interval edges and outputs of the 128 magnitudes, on the 16-bit scale."""
    segment, step = _segments_and_steps()
    shift = np.maximum(segment - 1, 0)
    base = np.where(segment > 0, 256, 0)
    return (16 * step + base) << shift, (16 * step + base + 8) << shift


def _encode_table(edges: NDArray[np.int64], positive_mask: int) -> NDArray[np.uint8]:
    """Codes for all 65,536 samples, indexed by the sample's unsigned bit pattern."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)
    magnitudes = np.where(samples < 0, ~samples, samples)
    codes = np.searchsorted(edges, magnitudes, side="right") - 1
    masks = np.where(samples < 0, positive_mask ^ 0x80, positive_mask)
    return (codes ^ masks).astype(np.uint8)


def _decode_table(outputs: NDArray[np.int64], positive_mask: int) -> NDArray[np.int16]:
    codes = np.arange(256, dtype=np.int64) ^ positive_mask
    magnitudes = outputs[codes & 0x7F]
    table: NDArray[np.int16] = np.where(codes & 0x80, -magnitudes, magnitudes).astype("<i2")
    return table


_MU_LAW_MASK = 0xFF
_A_LAW_MASK = 0xD5
_MU_EDGES, _MU_OUTPUTS = _mu_law_edges_and_outputs()
_A_EDGES, _A_OUTPUTS = _a_law_edges_and_outputs()
_ENCODE = {
    Codec.PCMU: _encode_table(_MU_EDGES, _MU_LAW_MASK),
    Codec.PCMA: _encode_table(_A_EDGES, _A_LAW_MASK),
}
_DECODE = {
    Codec.PCMU: _decode_table(_MU_OUTPUTS, _MU_LAW_MASK),
    Codec.PCMA: _decode_table(_A_OUTPUTS, _A_LAW_MASK),
}
