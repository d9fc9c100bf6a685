"""Session descriptions for one G.711 audio stream with telephone events (RFC 8866, RFC 3264).

No I/O. Only the first `m=audio` of profile RTP/AVP is used; other media are not answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from .errors import SdpError
from .g711 import Codec

MAX_SDP_BYTES = 8_192
MEDIA_TYPE = "application/sdp"
DEFAULT_TELEPHONE_EVENT_PAYLOAD_TYPE = 101

_MEDIA_LINE = re.compile(r"audio ([0-9]{1,5})(?:/[0-9]+)? RTP/AVP((?: [0-9]{1,3})+)")
_CONNECTION_LINE = re.compile(r"IN IP4 ([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:/.*)?")
_EVENT_MAP = re.compile(r"rtpmap:([0-9]{1,3}) telephone-event/8000", re.IGNORECASE)


class Direction(Enum):
    """Who sends, as seen by the side that wrote the description (RFC 8866 section 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


_ANSWER_DIRECTION = {
    Direction.SENDRECV: Direction.SENDRECV,
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
    Direction.INACTIVE: Direction.INACTIVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioDescription:
    """One side's audio: IPv4 `host` and `port` to send to, codecs in order of preference.

    `telephone_event` is the payload type for RFC 4733 digits, None when there is none;
    `version` must grow with every changed description of a session.
    """

    host: str
    port: int
    codecs: tuple[Codec, ...]
    telephone_event: int | None = DEFAULT_TELEPHONE_EVENT_PAYLOAD_TYPE
    direction: Direction = Direction.SENDRECV
    session_id: int = 1
    version: int = 1

    @property
    def accepts_audio(self) -> bool:
        """Whether the writer of this description wants to be sent audio."""
        wants = self.direction in (Direction.SENDRECV, Direction.RECVONLY)
        return wants and self.host != "0.0.0.0"  # noqa: S104 - the old way to say "on hold"


def answer_to(offer: AudioDescription, ours: AudioDescription) -> AudioDescription:
    """Answer an offer with our address and what both sides know (RFC 3264 section 6).

    The offer's order of codecs and payload type for events are kept. Raises `SdpError` when no
    codec is shared.
    """
    codecs = tuple(codec for codec in offer.codecs if codec in ours.codecs)
    if not codecs:
        raise SdpError("no codec in common")
    return AudioDescription(
        host=ours.host,
        port=ours.port,
        codecs=codecs,
        telephone_event=None if ours.telephone_event is None else offer.telephone_event,
        direction=_ANSWER_DIRECTION[offer.direction],
        session_id=ours.session_id,
        version=ours.version,
    )


def build_sdp(description: AudioDescription) -> bytes:
    """Write a session description with 20 ms packets."""
    payload_types = [codec.value for codec in description.codecs]
    attributes = [f"a=rtpmap:{codec.value} {codec.name}/8000" for codec in description.codecs]
    if description.telephone_event is not None:
        payload_types.append(description.telephone_event)
        attributes.append(f"a=rtpmap:{description.telephone_event} telephone-event/8000")
        attributes.append(f"a=fmtp:{description.telephone_event} 0-16")
    lines = [
        "v=0",
        f"o=- {description.session_id} {description.version} IN IP4 {description.host}",
        "s=-",
        f"c=IN IP4 {description.host}",
        "t=0 0",
        f"m=audio {description.port} RTP/AVP {' '.join(map(str, payload_types))}",
        *attributes,
        "a=ptime:20",
        f"a={description.direction.value}",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def parse_sdp(body: bytes) -> AudioDescription:
    """Read a session description.

    Raises `SdpError` when it has no usable IPv4 RTP/AVP audio stream with PCMU or PCMA.
    """
    lines = _lines(body)
    session, audio = _audio_section(lines)
    port, payload_types = _media(audio[0])
    codecs = tuple(Codec(number) for number in payload_types if number in (0, 8))
    if not codecs:
        raise SdpError("neither PCMU nor PCMA offered")
    session_id, version = _origin(session)
    return AudioDescription(
        host=_connection_host(audio) or _connection_host(session) or _missing_host(),
        port=port,
        codecs=codecs,
        telephone_event=_telephone_event(audio, payload_types),
        direction=_direction(audio) or _direction(session) or Direction.SENDRECV,
        session_id=session_id,
        version=version,
    )


def _lines(body: bytes) -> list[str]:
    if len(body) > MAX_SDP_BYTES:
        raise SdpError(f"description of {len(body)} bytes")
    try:
        lines = body.decode("utf-8").replace("\r\n", "\n").rstrip("\n").split("\n")
    except UnicodeDecodeError as error:
        raise SdpError("description is not UTF-8") from error
    if lines[0] != "v=0":
        raise SdpError("description does not begin with v=0")
    return lines


def _audio_section(lines: list[str]) -> tuple[list[str], list[str]]:
    starts = [index for index, line in enumerate(lines) if line.startswith("m=")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        if _MEDIA_LINE.fullmatch(lines[start][2:]):
            return lines[: starts[0]], lines[start:end]
    raise SdpError("no RTP/AVP audio")


def _media(line: str) -> tuple[int, list[int]]:
    match = _MEDIA_LINE.fullmatch(line[2:])
    if match is None or not 0 < int(match[1]) < 65_536:
        raise SdpError("audio is refused or its port out of range")
    return int(match[1]), [int(number) for number in match[2].split()]


def _origin(session: list[str]) -> tuple[int, int]:
    for line in session:
        if match := re.fullmatch(r"o=\S+ ([0-9]{1,20}) ([0-9]{1,20}) .*", line):
            return int(match[1]), int(match[2])
    raise SdpError("no origin")


def _connection_host(section: list[str]) -> str | None:
    for line in section:
        if line.startswith("c="):
            match = _CONNECTION_LINE.fullmatch(line[2:])
            if match is None:
                raise SdpError("connection is not IPv4")
            return match[1]
    return None


def _missing_host() -> str:
    raise SdpError("no connection address")


def _telephone_event(audio: list[str], payload_types: list[int]) -> int | None:
    for line in audio:
        match = _EVENT_MAP.match(line[2:]) if line.startswith("a=") else None
        if match and int(match[1]) in payload_types and int(match[1]) < 128:
            return int(match[1])
    return None


def _direction(section: list[str]) -> Direction | None:
    for line in section:
        for direction in Direction:
            if line == f"a={direction.value}":
                return direction
    return None
