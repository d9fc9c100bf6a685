from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sternik.softphone.g711 import Codec, decode, encode, silence

SAMPLES = st.integers(-32768, 32767)


def pcm(*samples: int) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


@pytest.mark.parametrize(
    ("codec", "code", "sample"),
    [
        (Codec.PCMU, 0xFF, 0),
        (Codec.PCMU, 0x7F, 0),
        (Codec.PCMU, 0x80, 32124),
        (Codec.PCMU, 0x00, -32124),
        (Codec.PCMU, 0xF0, 120),
        (Codec.PCMU, 0xEF, 132),
        (Codec.PCMA, 0xD5, 8),
        (Codec.PCMA, 0x55, -8),
        (Codec.PCMA, 0xAA, 32256),
        (Codec.PCMA, 0x2A, -32256),
        (Codec.PCMA, 0xFA, 1008),
    ],
)
def test_decoding_gives_the_values_of_the_recommendation(
    codec: Codec, code: int, sample: int
) -> None:
    assert decode(codec, bytes([code])) == pcm(sample)


@pytest.mark.parametrize(
    ("codec", "sample", "code"),
    [
        (Codec.PCMU, 0, 0xFF),
        (Codec.PCMU, 3, 0xFF),
        (Codec.PCMU, 4, 0xFE),
        (Codec.PCMU, 123, 0xF0),
        (Codec.PCMU, 124, 0xEF),
        (Codec.PCMU, -1, 0x7F),
        (Codec.PCMU, 32767, 0x80),
        (Codec.PCMU, -32768, 0x00),
        (Codec.PCMA, 0, 0xD5),
        (Codec.PCMA, -1, 0x55),
        (Codec.PCMA, 32767, 0xAA),
        (Codec.PCMA, -32768, 0x2A),
    ],
)
def test_encoding_follows_the_decision_values(codec: Codec, sample: int, code: int) -> None:
    assert encode(codec, pcm(sample)) == bytes([code])


@pytest.mark.parametrize("codec", list(Codec))
def test_every_code_survives_decoding_and_encoding(codec: Codec) -> None:
    codes = bytes(code for code in range(256) if (codec, code) != (Codec.PCMU, 0x7F))
    assert encode(codec, decode(codec, codes)) == codes


@given(sample=SAMPLES, codec=st.sampled_from(Codec))
def test_error_stays_within_half_an_interval(sample: int, codec: Codec) -> None:
    (heard,) = struct.unpack("<h", decode(codec, encode(codec, pcm(sample))))
    assert abs(heard - sample) <= max(16, abs(sample) / 31 + 4)


@given(first=SAMPLES, second=SAMPLES, codec=st.sampled_from(Codec))
def test_louder_never_decodes_as_quieter(first: int, second: int, codec: Codec) -> None:
    low, high = sorted((first, second))
    heard = struct.unpack("<2h", decode(codec, encode(codec, pcm(low, high))))
    assert heard[0] <= heard[1]


def test_silence_is_the_positive_zero() -> None:
    assert silence(Codec.PCMU, 3) == b"\xff\xff\xff"
    assert silence(Codec.PCMA, 2) == b"\xd5\xd5"


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="buffer"):
        encode(Codec.PCMU, b"\0\0\0")
