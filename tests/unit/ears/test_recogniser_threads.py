from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest

from ivr.models.command_queue import MAX_JOINED_BYTES
from ivr.models.recogniser_protocol import Message, MessageKind, decode_final
from ivr.models.recogniser_service import RecogniserService
from ivr.models.recogniser_threads import RecogniserThreads
from ivr.ports import FRAME_BYTES, FinalWords, GrammarName

LIMIT_SECONDS = 10.0
OPEN_QUESTION = GrammarName.OPEN_QUESTION.value.encode()


class CountingDecoder:
    """Hears how many bytes it was given; notices two threads at work on it at once."""

    def __init__(self, at_work: Callable[[], None]) -> None:
        self._at_work = at_work
        self._alone = threading.Lock()
        self._heard = 0

    def reset(self, grammar: GrammarName) -> None:
        self._heard = 0

    def feed(self, pcm: bytes) -> str:
        assert self._alone.acquire(blocking=False), "two threads on one session"
        self._at_work()
        self._heard += len(pcm)
        self._alone.release()
        return str(self._heard)

    def finish(self) -> FinalWords:
        heard, self._heard = self._heard, 0
        return FinalWords(text=str(heard), confidence=None)


class Answers:
    """Collects answers; waits until all commands have one."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._changed = threading.Condition()

    def take(self, messages: Iterable[Message]) -> None:
        with self._changed:
            self.messages += messages
            self._changed.notify_all()

    def wait_for(self, commands: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.done() >= commands, LIMIT_SECONDS)
        assert self.done() == commands

    def done(self) -> int:
        return sum(message.kind is MessageKind.DONE for message in self.messages)

    def finals(self) -> dict[int, list[str]]:
        texts = defaultdict(list)
        for message in self.messages:
            if message.kind is MessageKind.FINAL:
                texts[message.session].append(decode_final(message.payload).text)
        return texts


@contextmanager
def working(
    answers: Answers, at_work: Callable[[], None] = lambda: None, threads: int = 2
) -> Iterator[RecogniserThreads]:
    service = RecogniserService(lambda: CountingDecoder(at_work), built_ahead=0, most=20)
    with RecogniserThreads(service, answers.take, threads) as workers:
        yield workers


def opened(*sessions: int) -> list[Message]:
    return [Message(kind=MessageKind.OPEN, session=s, payload=OPEN_QUESTION) for s in sessions]


def fed(session: int, frames: int = 1) -> Message:
    return Message(kind=MessageKind.FEED, session=session, payload=bytes(FRAME_BYTES * frames))


def finished(session: int) -> Message:
    return Message(kind=MessageKind.FINISH, session=session)


def test_each_session_is_heard_whole_and_in_order_by_one_thread_at_a_time() -> None:
    answers, sessions = Answers(), range(1, 13)
    commands = opened(*sessions)
    for frames in (1, 2, 3):
        for session in sessions:
            commands += [fed(session), fed(session, frames), finished(session)]
    with working(answers, threads=4) as workers:
        for command in commands:
            workers.put([command])
        answers.wait_for(len(commands))
    lengths = [str(FRAME_BYTES * (1 + frames)) for frames in (1, 2, 3)]
    assert answers.finals() == dict.fromkeys(sessions, lengths)


def test_two_sessions_are_decoded_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=LIMIT_SECONDS)
    answers = Answers()
    with working(answers, lambda: both.wait() and None) as workers:
        workers.put([*opened(1, 2), fed(1), fed(2)])
        answers.wait_for(4)


def test_speech_that_waits_for_a_busy_session_is_joined_and_answered_whole() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def at_work() -> None:
        begun.set()
        assert go_on.wait(LIMIT_SECONDS)

    answers = Answers()
    with working(answers, at_work) as workers:
        workers.put([*opened(1), fed(1)])
        assert begun.wait(LIMIT_SECONDS)
        workers.put([fed(1) for _ in range(MAX_JOINED_BYTES // FRAME_BYTES)])
        go_on.set()
        answers.wait_for(2 + MAX_JOINED_BYTES // FRAME_BYTES)
    partials = [m.text for m in answers.messages if m.kind is MessageKind.PARTIAL]
    assert partials == ["320", str(320 + MAX_JOINED_BYTES)]


def test_what_a_reset_makes_pointless_is_answered_but_not_decoded() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def at_work() -> None:
        begun.set()
        assert go_on.wait(LIMIT_SECONDS)

    answers = Answers()
    with working(answers, at_work) as workers:
        workers.put([*opened(1), fed(1)])
        assert begun.wait(LIMIT_SECONDS)
        reset = Message(kind=MessageKind.RESET, session=1, payload=OPEN_QUESTION)
        workers.put([fed(1, 20), finished(1), reset, fed(1, 2), finished(1)])
        go_on.set()
        answers.wait_for(7)
    assert answers.finals() == {1: ["640"]}


def test_an_error_in_a_thread_reaches_the_hook_that_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hooked: list[object] = []
    failed = threading.Event()

    def hook(arguments: threading.ExceptHookArgs) -> None:
        hooked.append(arguments.exc_value)
        failed.set()

    monkeypatch.setattr(threading, "excepthook", hook)
    with working(Answers()) as workers:
        workers.put([fed(99)])
        assert failed.wait(LIMIT_SECONDS)
    assert "session 99 is not open" in str(hooked[0])
