"""What a recogniser process does with commands: sessions of callers on pooled decoders."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.errors import MisuseError
from ivr.models.recogniser_protocol import Message, MessageKind, encode_final, encode_words
from ivr.ports import GrammarName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ivr.models.command_queue import Work
    from ivr.models.recogniser_engine import RecogniserDecoder


@dataclass(slots=True)
class _Session:
    """A caller's decoder, the number of the current stretch between resets and its last words."""

    decoder: RecogniserDecoder
    utterance: int
    words: str = ""


class RecogniserService:
    """Carries out commands on pooled decoders; no I/O besides decoding.

    Threads may share it as long as no two are at work for one session.

    `build_decoder` makes one; `built_ahead` of them are kept ready for callers to come, as long as
    there are no more than `most` in all.
    """

    def __init__(
        self, build_decoder: Callable[[], RecogniserDecoder], *, built_ahead: int, most: int
    ) -> None:
        self._build_decoder = build_decoder
        self._built_ahead = built_ahead
        self._most = most
        self._spare: deque[RecogniserDecoder] = deque()
        self._sessions: dict[int, _Session] = {}

    @property
    def wants_spare(self) -> bool:
        """Whether a decoder should be built ahead as soon as there is time."""
        spare = len(self._spare)
        return spare < self._built_ahead and spare + len(self._sessions) < self._most

    def build_spare(self) -> None:
        """Build one decoder ahead (some 50 ms); raises `ModelUnusableError`."""
        self._spare.append(self._build_decoder())

    def do(self, work: Work) -> list[Message]:
        """All answers to a piece of work; raises `MisuseError`."""
        answers = [] if work.command is None else list(self.carry_out(work.command))
        done = Message(kind=MessageKind.DONE, session=work.session)
        return answers + [done] * work.commands

    def carry_out(self, command: Message) -> Iterator[Message]:
        """The words that a command brings, if any; raises `MisuseError`."""
        match command.kind:
            case MessageKind.OPEN:
                self._open(command)
            case MessageKind.RESET:
                self._reset(command)
            case MessageKind.FEED:
                yield from self._feed(command)
            case MessageKind.FINISH:
                yield self._finish(command)
            case MessageKind.CLOSE:
                self._close(command)
            case MessageKind.PING:
                pass
            case _:
                raise MisuseError(f"{command.kind.name} is no command")

    def _open(self, command: Message) -> None:
        decoder = self._take_decoder()
        decoder.reset(GrammarName(command.text))
        self._sessions[command.session] = _Session(decoder, command.utterance)

    def _take_decoder(self) -> RecogniserDecoder:
        try:
            return self._spare.pop()  # the last one used: what it cached is warm
        except IndexError:
            return self._build_decoder()

    def _reset(self, command: Message) -> None:
        session = self._session(command)
        session.decoder.reset(GrammarName(command.text))
        session.utterance, session.words = command.utterance, ""

    def _feed(self, command: Message) -> Iterator[Message]:
        session = self._session(command)
        words = session.decoder.feed(command.payload)
        if words != session.words:
            session.words = words
            yield self._answer(MessageKind.PARTIAL, command, encode_words(words))

    def _finish(self, command: Message) -> Message:
        session = self._session(command)
        final = session.decoder.finish()
        session.words = ""
        return self._answer(MessageKind.FINAL, command, encode_final(final))

    def _close(self, command: Message) -> None:
        session = self._sessions.pop(command.session, None)
        if session is not None:
            self._spare.append(session.decoder)

    def _session(self, command: Message) -> _Session:
        try:
            return self._sessions[command.session]
        except KeyError as error:
            raise MisuseError(f"session {command.session} is not open") from error

    def _answer(self, kind: MessageKind, command: Message, payload: bytes) -> Message:
        session = self._sessions[command.session]
        return Message(
            kind=kind, session=command.session, utterance=session.utterance, payload=payload
        )
