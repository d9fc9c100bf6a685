"""The AudioSocket wire protocol without I/O: frames to and from bytes.

A frame is one byte of kind, two bytes of big-endian payload length, and the payload. TCP chunks are
not frames: the decoder takes any chunking. The application `AudioSocket()` always speaks 8 kHz.

Source: https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from ivr.errors import MisuseError, ProtocolError

HEADER_BYTES = 3
KIND_HANGUP = 0x00
KIND_UUID = 0x01
KIND_DIGIT = 0x03
KIND_AUDIO_8KHZ = 0x10
KIND_ERROR = 0xFF

# The largest payload that is sense for a known kind; audio: a second of 8 kHz sound.
MAX_PAYLOAD_BYTES = 16_000
_UUID_BYTES = 16
_DIGITS = frozenset("0123456789*#ABCDabcd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """The first frame: which call this is."""

    audio_id: uuid.UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioReceived:
    """Signed 16-bit little-endian PCM at 8 kHz; a whole number of samples."""

    pcm: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitReceived:
    """A DTMF key: 0-9, *, #, A-D."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupReceived:
    """The peer ends the audio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReceived:
    """Asterisk's application-specific error code (0 when it sent none)."""

    code: int


AudioSocketEvent = Identified | AudioReceived | DigitReceived | HangupReceived | ErrorReceived


class AudioSocketDecoder:
    """Bytes to events, in any chunks; holds at most one unfinished frame.

    Raises `ProtocolError` for a frame that can't be meant, after which it must not be fed again.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def receive(self, data: bytes) -> list[AudioSocketEvent]:
        """All events that the bytes complete. Unknown kinds raise, as they do in Asterisk."""
        self._buffer += data
        events: list[AudioSocketEvent] = []
        while (frame := self._next_frame()) is not None:
            events.append(_event(*frame))
        return events

    def _next_frame(self) -> tuple[int, bytes] | None:
        if len(self._buffer) < HEADER_BYTES:
            return None
        kind = self._buffer[0]
        length = int.from_bytes(self._buffer[1:HEADER_BYTES], "big")
        if length > MAX_PAYLOAD_BYTES:
            raise ProtocolError(f"AudioSocket frame of {length} bytes; at most {MAX_PAYLOAD_BYTES}")
        end = HEADER_BYTES + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[HEADER_BYTES:end])
        del self._buffer[:end]
        return kind, payload


def _event(kind: int, payload: bytes) -> AudioSocketEvent:
    match kind:
        case 0x10 if len(payload) % 2 == 0:
            return AudioReceived(pcm=payload)
        case 0x01 if len(payload) == _UUID_BYTES:
            return Identified(audio_id=uuid.UUID(bytes=payload))
        case 0x03 if len(payload) == 1 and chr(payload[0]) in _DIGITS:
            return DigitReceived(digit=chr(payload[0]).upper())
        case 0x00:
            return HangupReceived()
        case 0xFF:
            return ErrorReceived(code=payload[0] if payload else 0)
    raise ProtocolError(f"AudioSocket frame of kind 0x{kind:02x} with {len(payload)} bytes")


def audio_frame(pcm: bytes) -> bytes:
    """One frame of 8 kHz PCM (a whole number of samples, at most a second)."""
    if len(pcm) % 2 or len(pcm) > MAX_PAYLOAD_BYTES:
        raise MisuseError(f"{len(pcm)} bytes are no audio frame")
    return bytes((KIND_AUDIO_8KHZ,)) + len(pcm).to_bytes(2, "big") + pcm


def hangup_frame() -> bytes:
    """Ends the AudioSocket application; the channel lives on."""
    return bytes((KIND_HANGUP, 0, 0))


def identify_frame(audio_id: uuid.UUID) -> bytes:
    """What Asterisk sends first; used by scripted peers in tests."""
    return bytes((KIND_UUID, 0, _UUID_BYTES)) + audio_id.bytes


def digit_frame(digit: str) -> bytes:
    """A key press, as Asterisk sends it; used by scripted peers in tests."""
    if len(digit) != 1 or digit not in _DIGITS:
        raise MisuseError(f"{digit!r} is no DTMF key")
    return bytes((KIND_DIGIT, 0, 1)) + digit.encode("ascii")
