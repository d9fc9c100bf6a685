from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import wav
from ivr.errors import ConfigurationError
from ivr.wav import parse_wav, read_wav, telephone_pcm, write_wav
from tests.unit.setup.sounds import pcm16, tone, wav_bytes

if TYPE_CHECKING:
    from pathlib import Path


def level_at(pcm: bytes, hz: float) -> float:
    """Amplitude of one frequency in 8 kHz PCM (0..1), away from the edges."""
    samples = np.frombuffer(pcm, "<i2")[400:-400] / 32768
    turns = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / 8000)
    return float(2 * abs((samples * turns).mean()))


def test_telephone_pcm_is_passed_on_bit_by_bit() -> None:
    data = bytes(range(256)) * 4
    assert telephone_pcm(parse_wav(wav_bytes(data))) == data


# Values of ITU-T G.711, tables 1a, 1b, 2a and 2b, at 16 bits.
@pytest.mark.parametrize(
    ("code", "byte", "value"),
    [
        (7, 0x00, -32124),
        (7, 0x80, 32124),
        (7, 0x7F, 0),
        (7, 0xFF, 0),
        (7, 0xFE, 8),
        (7, 0x9F, 8316),
        (6, 0xD5, 8),
        (6, 0x55, -8),
        (6, 0xAA, 32256),
        (6, 0x2A, -32256),
        (6, 0xC5, 264),
    ],
)
def test_companded_sound_is_decoded_by_the_standard(code: int, byte: int, value: int) -> None:
    decoded = telephone_pcm(parse_wav(wav_bytes(bytes([byte]), code=code, bits=8)))
    assert struct.unpack("<h", decoded) == (value,)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["pcm8", "pcm16", "pcm24", "pcm32", "float32", "float64"])
def test_any_usual_wav_becomes_the_same_telephone_sound(
    rate_hz: int, channels: int, kind: str
) -> None:
    one = np.array(tone(0.5, rate_hz=rate_hz))
    samples = np.repeat(one, channels)
    match kind:
        case "pcm8":
            encoded = (samples * 127 + 128).astype(np.uint8)
        case "pcm16":
            encoded = (samples * 32767).astype("<i2")
        case "pcm24":
            wide = (samples * (2**23 - 1)).astype("<i4").view(np.uint8)
            encoded = wide.reshape(-1, 4)[:, :3]
        case "pcm32":
            encoded = (samples * (2**31 - 1)).astype("<i4")
        case _:
            encoded = samples.astype(f"<f{int(kind[5:]) // 8}")
    code = 3 if kind.startswith("float") else 1
    bits = int(kind.removeprefix("pcm").removeprefix("float"))
    blob = wav_bytes(encoded.tobytes(), code=code, rate_hz=rate_hz, channels=channels, bits=bits)
    pcm = telephone_pcm(parse_wav(blob))
    assert abs(len(pcm) // 2 - 4000) <= 2
    assert level_at(pcm, 440) == pytest.approx(0.5, abs=0.02)


def test_stereo_is_averaged_and_not_just_its_left_side() -> None:
    left, right = tone(hz=440), tone(hz=1000)
    both = [sample for pair in zip(left, right, strict=True) for sample in pair]
    pcm = telephone_pcm(parse_wav(wav_bytes(pcm16(both), channels=2)))
    assert level_at(pcm, 440) == pytest.approx(0.25, abs=0.01)
    assert level_at(pcm, 1000) == pytest.approx(0.25, abs=0.01)


def test_extensible_format_and_foreign_chunks_of_odd_size_are_read() -> None:
    guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    fmt = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 16000, 2, 16, 22, 16, 4) + guid
    chunks = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks += b"fmt " + struct.pack("<I", len(fmt)) + fmt
    chunks += b"data" + struct.pack("<I", 4) + b"\1\2\3\4"
    blob = b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
    assert telephone_pcm(parse_wav(blob)) == b"\1\2\3\4"


@pytest.mark.parametrize("placeholder", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
def test_length_that_a_pipe_left_unknown_means_up_to_the_end(placeholder: int) -> None:
    assert parse_wav(wav_bytes(b"\1\2\3\4", data_size=placeholder)).data == b"\1\2\3\4"


@pytest.mark.parametrize(
    ("blob", "words"),
    [
        (b"", "empty"),
        (b"ID3 this is music", "not a wav file"),
        (wav_bytes(b"\0" * 100)[:60], "cut off: it promises 100 bytes"),
        (wav_bytes(b"\0" * 100)[:38], "cut off before its sound"),
        (wav_bytes(b""), "holds no sound"),
        (wav_bytes(b"\0"), "holds no sound"),
        (wav_bytes(b"\0" * 9, code=0x11, bits=4), "can't be read"),
        (wav_bytes(b"\0" * 9, bits=12), "can't be read"),
        (wav_bytes(b"\0" * 8, rate_hz=0), "makes no sense"),
        (wav_bytes(b"\0" * 8, channels=0), "makes no sense"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "says no format"),
    ],
)
def test_damaged_wav_is_told_and_comes_with_advice(blob: bytes, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        parse_wav(blob)
    assert caught.value.advice


@given(st.binary(max_size=200))
def test_any_bytes_are_a_sound_or_a_configuration_error(tail: bytes) -> None:
    for blob in (tail, b"RIFF\0\0\0\0WAVE" + tail, wav_bytes(b"", data_size=0)[:-8] + tail):
        try:
            sound = parse_wav(blob)
        except ConfigurationError:
            continue
        assert len(telephone_pcm(sound)) % 2 == 0


@given(st.binary(min_size=8, max_size=80), st.sampled_from([(3, 32), (3, 64)]))
def test_floats_that_are_no_numbers_become_quiet_and_not_a_crash(
    data: bytes, kind: tuple[int, int]
) -> None:
    blob = wav_bytes(data[: len(data) // 8 * 8], code=kind[0], bits=kind[1])
    assert telephone_pcm(parse_wav(blob))


def test_written_wav_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, b"\1\2\3\4")
    assert telephone_pcm(read_wav(path)) == b"\1\2\3\4"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]


def test_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(b"no wav at all")
    with pytest.raises(ConfigurationError) as caught:
        read_wav(path)
    assert caught.value.where == str(path)


def test_missing_file_is_told_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read_wav(tmp_path / "none.wav")


def test_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.truncate(wav.MAX_FILE_BYTES + 1)
    with pytest.raises(ConfigurationError, match="larger than 64 MiB"):
        read_wav(path)


def test_headerless_files_are_told_by_their_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.ulaw").write_bytes(b"\x80")
    (tmp_path / "a.alaw").write_bytes(b"\xaa")
    assert telephone_pcm(read_wav(tmp_path / "a.ulaw")) == struct.pack("<h", 32124)
    assert telephone_pcm(read_wav(tmp_path / "a.alaw")) == struct.pack("<h", 32256)
