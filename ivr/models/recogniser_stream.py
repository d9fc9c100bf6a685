"""The ears of one call: a `RecogniserStream` on a recogniser process."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol

from ivr.errors import MisuseError, RecogniserLostError
from ivr.models.recogniser_protocol import Message, MessageKind, decode_final
from ivr.ports import FRAME_BYTES, GrammarName, PartialWords, RecognisedWords

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MAX_UNREAD_FINALS = 16
FEED_BYTES = 100 * FRAME_BYTES


class ProcessLink(Protocol):
    """What a stream needs of its process."""

    def send(self, message: Message) -> None:
        """Queue a command; never blocks. Raises `RecogniserLostError`."""
        ...

    def release(self, session: int) -> None:
        """The stream with this number hears no more."""
        ...


class ProcessStream:
    """One caller's session. At most one unread partial is kept (the newest wins) and 16 finals.

    A reader who leaves more finals than that unread loses the oldest.
    """

    def __init__(self, *, link: ProcessLink, session: int) -> None:
        self._link = link
        self._session = session
        self._utterance = 0
        self._unread: deque[RecognisedWords] = deque(maxlen=MAX_UNREAD_FINALS + 1)
        self._changed = asyncio.Event()
        self._closed = False
        self._lost: str | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the recogniser hears no more, without having been given back."""
        return self._lost is not None

    def feed(self, pcm: bytes) -> None:
        """Give speech, any whole number of frames; raises `RecogniserLostError`."""
        if len(pcm) % FRAME_BYTES:
            raise MisuseError(f"{len(pcm)} bytes are no whole number of frames")
        for start in range(0, len(pcm), FEED_BYTES):
            self._send(MessageKind.FEED, pcm[start : start + FEED_BYTES])

    def finish(self) -> None:
        """End the utterance: `FinalWords` follows."""
        self._send(MessageKind.FINISH)

    def reset(self, grammar: GrammarName) -> None:
        """Drop what was heard, unread results included, and expect `grammar`."""
        self._utterance += 1
        self._unread.clear()
        self._send(MessageKind.RESET, grammar.value.encode())

    async def results(self) -> AsyncIterator[RecognisedWords]:
        """Partials and finals in order until `close`; raises `RecogniserLostError`."""
        while not self._closed:
            while self._unread:
                yield self._unread.popleft()
            if self._lost is not None:
                raise RecogniserLostError(self._lost)
            self._changed.clear()
            if not self._closed:
                await self._changed.wait()

    async def close(self) -> None:
        """Give the decoder back; `results` ends. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._changed.set()
        self._link.release(self._session)

    def hear(self, message: Message) -> None:
        """An answer of the process; raises `ProtocolError` when it is damaged."""
        if message.utterance != self._utterance:
            return
        if message.kind is MessageKind.FINAL:
            self._put(decode_final(message.payload))
        else:
            self._put(PartialWords(text=message.text))

    def lose(self, reason: str) -> None:
        """The process is gone: `results` and `feed` raise from now on."""
        self._lost = reason
        self._changed.set()

    def _send(self, kind: MessageKind, payload: bytes = b"") -> None:
        if self._lost is not None:
            raise RecogniserLostError(self._lost)
        if self._closed:
            raise MisuseError("the recogniser was given back")
        self._link.send(
            Message(kind=kind, session=self._session, utterance=self._utterance, payload=payload)
        )

    def _put(self, words: RecognisedWords) -> None:
        if self._unread and isinstance(self._unread[-1], PartialWords):
            self._unread.pop()
        self._unread.append(words)
        self._changed.set()
