"""Sound files: RIFF/WAVE with PCM, float, µ-law or A-law, and headerless µ-law and A-law.

The standard library's `wave` refuses µ-law, A-law and float, so the chunks are read here.
Sources: Microsoft's Multimedia Programming Interface 1.0 (RIFF), RFC 2361 (format codes),
ITU-T G.711 (µ-law, A-law).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import soxr

from ivr.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TELEPHONE_RATE_HZ: Final = 8000
MAX_FILE_BYTES: Final = 64 * 1024 * 1024

_RATES_HZ: Final = range(4_000, 192_001)
_MAX_CHANNELS: Final = 8
_RIFF_HEADER_BYTES: Final = 12
_FORMAT_BYTES: Final = 16
_EXTENSIBLE_BYTES: Final = 26
_EXTENSIBLE: Final = 0xFFFE
# Programs that write to a pipe can't know the length and leave one of these in its place.
_UNKNOWN_LENGTHS: Final = range(0x7FFF_0000, 0x1_0000_0000)


class WavEncoding(StrEnum):
    """How samples are written down. The value is what a person reads."""

    PCM = "PCM"
    FLOAT = "floating point"
    MU_LAW = "µ-law"
    A_LAW = "A-law"


_FORMAT_CODES: Final = {
    1: WavEncoding.PCM,
    3: WavEncoding.FLOAT,
    6: WavEncoding.A_LAW,
    7: WavEncoding.MU_LAW,
}
_SAMPLE_BITS: Final = {
    WavEncoding.PCM: (8, 16, 24, 32),
    WavEncoding.FLOAT: (32, 64),
    WavEncoding.MU_LAW: (8,),
    WavEncoding.A_LAW: (8,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WavFormat:
    """What the header says. `str()` tells it to a person."""

    encoding: WavEncoding
    rate_hz: int
    channels: int
    sample_bits: int

    def __str__(self) -> str:
        channels = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        return f"{self.rate_hz} Hz {channels}, {self.sample_bits}-bit {self.encoding}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WavSound:
    """A sound as it lies in the file: `data` holds whole frames of `format`, and at least one."""

    format: WavFormat
    data: bytes

    @property
    def seconds(self) -> float:
        """How long it plays."""
        frame_bytes = self.format.channels * self.format.sample_bits // 8
        return len(self.data) / frame_bytes / self.format.rate_hz


def read_wav(path: Path) -> WavSound:
    """Read a wav file, or a headerless `.ulaw` or `.alaw` file (8 kHz mono).

    Raises `ConfigurationError` naming the file when it is missing, unreadable, larger than
    `MAX_FILE_BYTES`, damaged or of a kind that can't be read.
    """
    blob = _read_capped(path)
    if path.suffix in {".ulaw", ".alaw"}:
        return _headerless(path, blob)
    try:
        return parse_wav(blob)
    except ConfigurationError as error:
        raise ConfigurationError(error.problem, advice=error.advice, where=str(path)) from error


def parse_wav(blob: bytes) -> WavSound:
    """Take a RIFF/WAVE file apart. Raises `ConfigurationError` (without `where`)."""
    if len(blob) < _RIFF_HEADER_BYTES or blob[:4] != b"RIFF" or blob[8:12] != b"WAVE":
        raise ConfigurationError(
            "this is not a wav file" if blob else "the file is empty", advice=_ADVICE_REPLACE
        )
    wav_format: WavFormat | None = None
    offset = _RIFF_HEADER_BYTES
    while offset + 8 <= len(blob):
        name, size = struct.unpack_from("<4sI", blob, offset)
        body = offset + 8
        if name == b"fmt ":
            wav_format = _parse_format(blob[body : body + min(size, 40)])
        if name == b"data":
            return _sound(wav_format, blob, body, size)
        offset = body + size + size % 2
    raise ConfigurationError("the wav file is cut off before its sound", advice=_ADVICE_REPLACE)


def write_wav(path: Path, pcm: bytes) -> None:
    """Write 16-bit 8 kHz mono samples as a wav file; `path` never holds half of one."""
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, 1, 1),
        *(TELEPHONE_RATE_HZ, TELEPHONE_RATE_HZ * 2, 2, 16, b"data", len(pcm)),
    )
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(header + pcm)
    unfinished.replace(path)


def telephone_pcm(sound: WavSound) -> bytes:
    """The sound as 16-bit little-endian PCM, 8 kHz, mono: channels averaged, rate converted.

    What is in that shape already comes back bit by bit; 8 kHz mono µ-law and A-law exactly decoded.
    """
    kind = sound.format
    samples = _int16_samples(sound) if kind.channels == 1 else None
    if samples is not None and kind.rate_hz == TELEPHONE_RATE_HZ:
        return _bytes(samples.astype("<i2"))
    mono = _float_samples(sound).reshape(-1, kind.channels).mean(axis=1, dtype=np.float32)
    return pcm_from_float(resample(mono, kind.rate_hz))


def resample(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """Mono samples (n,) of `rate_hz` as 8 kHz ones."""
    if rate_hz == TELEPHONE_RATE_HZ:
        return samples
    return np.asarray(soxr.resample(samples, rate_hz, TELEPHONE_RATE_HZ), dtype=np.float32)


def float_from_pcm(pcm: bytes) -> NDArray[np.float32]:
    """16-bit little-endian PCM as samples (n,) in -1..1."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def pcm_from_float(samples: NDArray[np.float32]) -> bytes:
    """Samples (n,) in -1..1 (louder ones clipped) as 16-bit little-endian PCM."""
    scaled = np.rint(np.nan_to_num(samples) * np.float32(32768))
    return _bytes(np.clip(scaled, -32768, 32767).astype("<i2"))


_ADVICE_REPLACE: Final = (
    "Replace it by a wav file of a usual kind, for instance made by: "
    "sox INPUT -r 8000 -c 1 -b 16 OUTPUT.wav"
)


def _read_capped(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            blob = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(
            f"the sound file can't be read: {reason}",
            advice="Check the path and that this user may read it.",
            where=str(path),
        ) from error
    if len(blob) > MAX_FILE_BYTES:
        raise ConfigurationError(
            f"the sound file is larger than {MAX_FILE_BYTES // 2**20} MiB",
            advice="Cut it, or convert it: sox INPUT -r 8000 -c 1 -b 16 OUTPUT.wav",
            where=str(path),
        )
    return blob


def _headerless(path: Path, blob: bytes) -> WavSound:
    if not blob:
        raise ConfigurationError("the file is empty", advice="Record it again.", where=str(path))
    encoding = WavEncoding.MU_LAW if path.suffix == ".ulaw" else WavEncoding.A_LAW
    kind = WavFormat(encoding=encoding, rate_hz=TELEPHONE_RATE_HZ, channels=1, sample_bits=8)
    return WavSound(format=kind, data=blob)


def _parse_format(body: bytes) -> WavFormat:
    if len(body) < _FORMAT_BYTES:
        raise ConfigurationError("the wav file's format is cut off", advice=_ADVICE_REPLACE)
    code, channels, rate_hz, _, block_bytes, bits = struct.unpack_from("<HHIIHH", body)
    if code == _EXTENSIBLE and len(body) >= _EXTENSIBLE_BYTES:
        (code,) = struct.unpack_from("<H", body, 24)
    encoding = _FORMAT_CODES.get(code)
    if encoding is None or bits not in _SAMPLE_BITS[encoding]:
        raise ConfigurationError(
            f"wav files of this kind (format {code:#06x}, {bits} bits) can't be read",
            advice=_ADVICE_REPLACE,
        )
    possible = rate_hz in _RATES_HZ and 1 <= channels <= _MAX_CHANNELS
    if not possible or block_bytes != channels * bits // 8:
        raise ConfigurationError(
            f"the wav file's format makes no sense ({rate_hz} Hz, {channels} channels, "
            f"{block_bytes} bytes a frame)",
            advice=_ADVICE_REPLACE,
        )
    return WavFormat(encoding=encoding, rate_hz=rate_hz, channels=channels, sample_bits=bits)


def _sound(wav_format: WavFormat | None, blob: bytes, start: int, size: int) -> WavSound:
    if wav_format is None:
        raise ConfigurationError("the wav file says no format", advice=_ADVICE_REPLACE)
    there = len(blob) - start
    if size > there and size not in _UNKNOWN_LENGTHS:
        raise ConfigurationError(
            f"the wav file is cut off: it promises {size} bytes of sound and holds {there}",
            advice="Copy or record it again.",
        )
    frame_bytes = wav_format.channels * wav_format.sample_bits // 8
    whole = min(size, there) // frame_bytes * frame_bytes
    if not whole:
        raise ConfigurationError("the wav file holds no sound", advice="Record it again.")
    return WavSound(format=wav_format, data=blob[start : start + whole])


def _int16_samples(sound: WavSound) -> NDArray[np.int16] | None:
    match sound.format.encoding, sound.format.sample_bits:
        case WavEncoding.PCM, 16:
            return np.frombuffer(sound.data, "<i2")
        case WavEncoding.MU_LAW, _:
            return _MU_LAW[np.frombuffer(sound.data, np.uint8)]
        case WavEncoding.A_LAW, _:
            return _A_LAW[np.frombuffer(sound.data, np.uint8)]
        case _:
            return None


def _float_samples(sound: WavSound) -> NDArray[np.float32]:
    samples = _int16_samples(sound)
    if samples is not None:
        return _scaled(samples, 2**15)
    match sound.format.encoding, sound.format.sample_bits:
        case WavEncoding.FLOAT, bits:
            floats = np.nan_to_num(np.frombuffer(sound.data, f"<f{bits // 8}"))
            return np.asarray(np.clip(floats, -1, 1), dtype=np.float32)
        case _, 8:
            return _scaled(np.frombuffer(sound.data, np.uint8).astype(np.int16) - 128, 2**7)
        case _, 24:
            # Three bytes become the upper three of a 32-bit sample.
            padded = np.zeros((len(sound.data) // 3, 4), np.uint8)
            padded[:, 1:] = np.frombuffer(sound.data, np.uint8).reshape(-1, 3)
            return _scaled(padded.view("<i4")[:, 0], 2**31)
        case _:
            return _scaled(np.frombuffer(sound.data, "<i4"), 2**31)


def _scaled(samples: NDArray[np.integer[Any]], full_scale: int) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = (samples / full_scale).astype(np.float32)
    return scaled


def _bytes(samples: NDArray[np.int16]) -> bytes:
    return bytes(samples.data)


def _mu_law_table() -> NDArray[np.int16]:
    code = ~np.arange(256) & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


def _a_law_table() -> NDArray[np.int16]:
    code = np.arange(256) ^ 0x55
    segment, step = code >> 4 & 7, (code & 0x0F) << 4
    size = np.where(segment, step + 0x108 << np.maximum(segment, 1) - 1, step + 8)
    return np.where(code & 0x80, size, -size).astype(np.int16)


_MU_LAW: Final = _mu_law_table()
_A_LAW: Final = _a_law_table()
