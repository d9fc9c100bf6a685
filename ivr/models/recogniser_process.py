"""A recogniser process: decoders behind one pipe, each serving one caller at a time.

Run as `python -m ivr.models.recogniser_process OPTIONS DECODERS` (`EngineOptions` as JSON, and how
many decoders to keep built ahead); standard input carries the commands of `recogniser_protocol`,
standard output the answers. It is always a fresh interpreter: a forked child would hold the calls'
sockets open. It ends when its input does, so it is gone as soon as whoever started it is, SIGKILL
included.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.errors import MisuseError, ModelUnusableError, SternikError
from ivr.models.command_queue import CommandQueue
from ivr.models.recogniser_engine import EngineOptions, RecogniserDecoder, find_engine
from ivr.models.recogniser_protocol import (
    Message,
    MessageKind,
    MessageReader,
    encode,
    encode_final,
    encode_words,
)
from ivr.ports import GrammarName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

READ_BYTES = 65_536
PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class _Session:
    """A caller's decoder, the number of the current stretch between resets and its last words."""

    decoder: RecogniserDecoder
    utterance: int
    words: str = ""


class RecogniserService:
    """Carries out commands on pooled decoders; no I/O besides decoding.

    `build_decoder` makes one; `built_ahead` of them are kept ready for callers to come. `note` is
    what an administrator should know, '' for nothing.
    """

    def __init__(
        self, build_decoder: Callable[[], RecogniserDecoder], *, built_ahead: int, note: str = ""
    ) -> None:
        self.note = note
        self._build_decoder = build_decoder
        self._built_ahead = built_ahead
        self._spare: deque[RecogniserDecoder] = deque()
        self._sessions: dict[int, _Session] = {}

    @property
    def wants_spare(self) -> bool:
        """Whether a decoder should be built ahead as soon as there is time."""
        return len(self._spare) < self._built_ahead

    def build_spare(self) -> None:
        """Build one decoder ahead (some 50 ms); raises `ModelUnusableError`."""
        self._spare.append(self._build_decoder())

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
        decoder = self._spare.popleft() if self._spare else self._build_decoder()
        decoder.reset(GrammarName(command.text))
        self._sessions[command.session] = _Session(decoder, command.utterance)

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
        payload = encode_final(final.text, final.confidence)
        return self._answer(MessageKind.FINAL, command, payload)

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


def serve(service: RecogniserService, reading: int, writing: int) -> None:
    """Answer commands from file descriptor `reading` on `writing` until it ends."""
    while service.wants_spare:
        service.build_spare()
    _write(writing, [Message(kind=MessageKind.READY, payload=encode_words(service.note))])
    reader, queue = MessageReader(), CommandQueue()
    while True:
        idle = not queue
        if idle and service.wants_spare and not _has_input(reading):
            service.build_spare()
            continue
        if idle or _has_input(reading):
            data = os.read(reading, READ_BYTES)
            if not data:
                return
            for command in reader.feed(data):
                queue.put(command)
            continue
        work = queue.take()
        answers = service.carry_out(work.command) if work.command is not None else ()
        done = Message(kind=MessageKind.DONE, session=work.session)
        _write(writing, [*answers, *[done] * work.commands])


def _has_input(reading: int) -> bool:
    return bool(select.select([reading], [], [], 0)[0])


def _write(writing: int, messages: Iterable[Message]) -> None:
    left = memoryview(b"".join(encode(message) for message in messages))
    while left:
        left = left[os.write(writing, left) :]


def _die_with_parent() -> None:
    """Linux: be killed when the parent dies, even in the middle of a decoding."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Serve standard input and output; 0 at its end, 1 when the model is unusable."""
    options, built_ahead = EngineOptions.from_json(arguments[0]), int(arguments[1])
    # A Ctrl-C in the terminal is for the program that owns the calls; it closes the pipe in time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        _die_with_parent()
    try:
        engine = find_engine(options.engine).load(options)
        service = RecogniserService(engine.build_decoder, built_ahead=built_ahead, note=engine.note)
        serve(service, sys.stdin.fileno(), sys.stdout.fileno())
    except BrokenPipeError:
        return 0
    except ModelUnusableError as error:
        _write(
            sys.stdout.fileno(),
            [Message(kind=MessageKind.UNUSABLE, payload=encode_words(str(error)))],
        )
        return 1
    except SternikError as error:
        sys.stderr.write(f"recogniser process: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
