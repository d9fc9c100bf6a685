"""What the pool and its recogniser processes say to each other: framing without I/O.

A message is a header (kind, session, utterance, payload length; big-endian) and its payload. Each
command the pool sends is answered by one `Done`, after all that the command brought about, so that
the pool sees how far behind a process is. `utterance` is echoed with words: the pool drops those
from before a reset.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from ivr.errors import MisuseError, ProtocolError
from ivr.ports import FinalWords

_HEADER = struct.Struct("!BIII")
_FINAL = struct.Struct("!dH")
_WORD_CONFIDENCE_BYTES = 4
HEADER_BYTES = _HEADER.size
MAX_PAYLOAD_BYTES = 65_536
NO_CONFIDENCE = -1.0


class MessageKind(IntEnum):
    """Commands go from the pool to the process, the rest comes back. The payload is in brackets."""

    OPEN = 1  # take a decoder [grammar]
    FEED = 2  # speech [8 kHz PCM]
    FINISH = 3  # end the utterance []
    RESET = 4  # drop what was heard [grammar]
    CLOSE = 5  # give the decoder back []
    PING = 6  # answer with Done []
    READY = 16  # decoders are built; sent once, first [what an administrator should know, or '']
    PARTIAL = 17  # words so far [text]
    FINAL = 18  # words of the utterance [confidence or -1, number and confidences of words, text]
    DONE = 19  # the oldest unanswered command has been carried out []
    UNUSABLE = 20  # the model cannot be loaded; the process ends [reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; `session` and `utterance` are 32-bit numbers, 0 where they mean nothing."""

    kind: MessageKind
    session: int = 0
    utterance: int = 0
    payload: bytes = field(default=b"", repr=False)

    @property
    def text(self) -> str:
        """The payload as UTF-8; raises `ProtocolError` when it is not."""
        return _decode(self.payload)


def encode(message: Message) -> bytes:
    """The bytes of a message; raises `MisuseError` when its payload is too large."""
    if len(message.payload) > MAX_PAYLOAD_BYTES:
        raise MisuseError(f"a payload has at most {MAX_PAYLOAD_BYTES} bytes")
    header = _HEADER.pack(message.kind, message.session, message.utterance, len(message.payload))
    return header + message.payload


def encode_words(text: str) -> bytes:
    """A text as payload, cut to what fits."""
    cut = text.encode()[: MAX_PAYLOAD_BYTES - _FINAL.size]
    return cut.decode(errors="ignore").encode()


def encode_final(words: FinalWords) -> bytes:
    """The payload of a `FINAL`; raises `MisuseError` when words and their confidences don't match.

    A text too long is cut, and the confidences of words are left out when there is no room for them.
    """
    confidences = words.word_confidences
    if confidences and len(confidences) != len(words.text.split()):
        raise MisuseError(f"{len(confidences)} confidences for another number of words")
    text = encode_words(words.text)
    room_bytes = MAX_PAYLOAD_BYTES - _FINAL.size - len(text)
    if text.decode() != words.text or len(confidences) * _WORD_CONFIDENCE_BYTES > room_bytes:
        confidences = ()
    known = NO_CONFIDENCE if words.confidence is None else words.confidence
    of_words = struct.pack(f"!{len(confidences)}f", *confidences)
    return _FINAL.pack(known, len(confidences)) + of_words + text


def decode_final(payload: bytes) -> FinalWords:
    """What `encode_final` wrote (confidences of words in single precision).

    Raises `ProtocolError`.
    """
    try:
        confidence, n_words = _FINAL.unpack_from(payload)
        of_words = struct.unpack_from(f"!{n_words}f", payload, _FINAL.size)
    except struct.error as error:
        raise ProtocolError("final words without their confidences") from error
    given = of_words if confidence == NO_CONFIDENCE else (confidence, *of_words)
    if not all(0.0 <= number <= 1.0 for number in given):
        raise ProtocolError("a confidence is not within 0..1")
    text = _decode(payload[_FINAL.size + n_words * _WORD_CONFIDENCE_BYTES :])
    if n_words and n_words != len(text.split()):
        raise ProtocolError(f"{n_words} confidences for another number of words")
    return FinalWords(
        text=text,
        confidence=None if confidence == NO_CONFIDENCE else confidence,
        word_confidences=of_words,
    )


class MessageReader:
    """Puts messages together from bytes in any chunks; keeps at most one unfinished message."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """All messages that `data` completes; raises `ProtocolError` when it is no message."""
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def finish(self) -> None:
        """The peer closed; raises `ProtocolError` when it did so within a message."""
        if self._buffer:
            raise ProtocolError("the stream ended within a message")

    def _next(self) -> Message | None:
        if len(self._buffer) < HEADER_BYTES:
            return None
        kind, session, utterance, length = _HEADER.unpack_from(self._buffer)
        if length > MAX_PAYLOAD_BYTES:
            raise ProtocolError(f"a payload of {length} bytes is over the limit")
        known = _known_kind(kind)
        if len(self._buffer) < HEADER_BYTES + length:
            return None
        payload = bytes(self._buffer[HEADER_BYTES : HEADER_BYTES + length])
        del self._buffer[: HEADER_BYTES + length]
        return Message(kind=known, session=session, utterance=utterance, payload=payload)


def _known_kind(kind: int) -> MessageKind:
    try:
        return MessageKind(kind)
    except ValueError as error:
        raise ProtocolError(f"{kind} is no kind of message") from error


def _decode(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError("a text is not UTF-8") from error
