"""RTP packets and telephone events: bytes in, frozen values out, and back (RFC 3550, RFC 4733).

No I/O and no clock. Timestamps count 8 kHz samples.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import RtpParseError, SoftphoneMisuseError

SAMPLES_PER_PACKET = 160
PACKET_MS = 20
MAX_PACKET_BYTES = 2_048
DIGITS = "0123456789*#ABCD"

_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
_VERSION_BITS = 0x80
_END_BIT = 0x80
END_PACKETS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpPacket:
    """One packet; `sequence` modulo 2**16, `timestamp` and `ssrc` modulo 2**32."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephoneEvent:
    """A digit so far: `duration_samples` at 8 kHz, `volume` in -dBm0 (RFC 4733 section 2.3)."""

    digit: str
    duration_samples: int
    volume: int = 10
    end: bool = False


def build_packet(packet: RtpPacket) -> bytes:
    """Write a packet without padding, extension or contributing sources."""
    marker = 0x80 if packet.marker else 0
    header = _HEADER.pack(
        _VERSION_BITS,
        marker | packet.payload_type,
        packet.sequence & 0xFFFF,
        packet.timestamp & 0xFFFFFFFF,
        packet.ssrc,
    )
    return header + packet.payload


def parse_packet(datagram: bytes) -> RtpPacket:
    """Read a packet; contributing sources, extension and padding are skipped.

    Raises `RtpParseError` for another version, a cut packet, and RTCP (RFC 5761 section 4).
    """
    if not _HEADER.size <= len(datagram) <= MAX_PACKET_BYTES:
        raise RtpParseError(f"packet of {len(datagram)} bytes")
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    if flags >> 6 != 2:
        raise RtpParseError("not RTP version 2")
    if 192 <= kind <= 223:
        raise RtpParseError("RTCP, not RTP")
    return RtpPacket(
        payload_type=kind & 0x7F,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=_payload(datagram, flags),
        marker=bool(kind & 0x80),
    )


def event_payloads(digit: str, *, duration_ms: int = 100) -> tuple[bytes, ...]:
    """Return the payloads of one key press, one a packet, the end packet three times.

    `duration_ms` is rounded up to whole packets of 20 ms. Raises `SoftphoneMisuseError` for
    something that is no key or a duration outside 20 to 8,000 ms.
    """
    if len(digit) != 1 or digit not in DIGITS:
        raise SoftphoneMisuseError(f"no such key: {digit!r}")
    if not PACKET_MS <= duration_ms <= 8_000:
        raise SoftphoneMisuseError(f"a key press of {duration_ms} ms")
    packets = -(-duration_ms // PACKET_MS)
    durations = [SAMPLES_PER_PACKET * count for count in range(1, packets + 1)]
    events = [TelephoneEvent(digit=digit, duration_samples=d) for d in durations[:-1]]
    last = TelephoneEvent(digit=digit, duration_samples=durations[-1], end=True)
    return tuple(build_event(event) for event in (*events, *[last] * END_PACKETS))


def build_event(event: TelephoneEvent) -> bytes:
    """Write the payload of a telephone event."""
    end = _END_BIT if event.end else 0
    return _EVENT.pack(DIGITS.index(event.digit), end | event.volume, event.duration_samples)


def parse_event(payload: bytes) -> TelephoneEvent:
    """Read the payload of a telephone event; raises `RtpParseError` when it is no DTMF digit."""
    if len(payload) < _EVENT.size:
        raise RtpParseError("telephone event is cut")
    code, end_and_volume, duration_samples = _EVENT.unpack_from(payload)
    if code >= len(DIGITS):
        raise RtpParseError(f"telephone event {code} is no digit")
    return TelephoneEvent(
        digit=DIGITS[code],
        duration_samples=duration_samples,
        volume=end_and_volume & 0x3F,
        end=bool(end_and_volume & _END_BIT),
    )


def _payload(datagram: bytes, flags: int) -> bytes:
    start = _HEADER.size + 4 * (flags & 0x0F)
    if flags & 0x10:
        if len(datagram) < start + 4:
            raise RtpParseError("header extension is cut")
        (words,) = struct.unpack_from("!H", datagram, start + 2)
        start += 4 + 4 * words
    end = len(datagram) - (datagram[-1] if flags & 0x20 else 0)
    if start > end:
        raise RtpParseError("packet is cut")
    return datagram[start:end]
