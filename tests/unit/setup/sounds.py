"""Wav files for tests, built byte by byte so that the reader is not tested by itself."""

from __future__ import annotations

import math
import struct


def wav_bytes(
    data: bytes,
    *,
    code: int = 1,
    rate_hz: int = 8000,
    channels: int = 1,
    bits: int = 16,
    data_size: int | None = None,
    before_data: bytes = b"",
) -> bytes:
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", code, channels, rate_hz, rate_hz * block, block, bits)
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(fmt)) + fmt + before_data
    body += b"data" + struct.pack("<I", len(data) if data_size is None else data_size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tone(
    seconds: float = 0.5, *, rate_hz: int = 8000, hz: float = 440, level: float = 0.5
) -> list[float]:
    count = int(seconds * rate_hz)
    return [level * math.sin(2 * math.pi * hz * n / rate_hz) for n in range(count)]


def pcm16(samples: list[float]) -> bytes:
    return struct.pack(f"<{len(samples)}h", *(round(sample * 32767) for sample in samples))
