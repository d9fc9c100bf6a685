"""The threads of a recogniser process whose engine lets go of the interpreter lock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from ivr.models.command_queue import CommandQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from ivr.models.command_queue import Work
    from ivr.models.recogniser_protocol import Message
    from ivr.models.recogniser_service import RecogniserService

    Answer = Callable[[Iterable[Message]], None]


class RecogniserThreads:
    """Carries out commands on `threads` threads, those of one session one after the other, in order.

    `answer` gets all answers to one piece of work at once and is never called twice at a time. What
    waits is condensed by the `CommandQueue`. An error in a thread goes to `threading.excepthook`.
    Leaving the `with` drops what waits and joins the threads.
    """

    def __init__(self, service: RecogniserService, answer: Answer, threads: int) -> None:
        self._service = service
        self._answer = answer
        self._answering = threading.Lock()
        self._changed = threading.Condition()
        self._queue = CommandQueue()
        self._busy: set[int] = set()
        self._ended = False
        self._threads = [
            threading.Thread(target=self._run, name=f"decoding-{number}", daemon=True)
            for number in range(threads)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def put(self, commands: Iterable[Message]) -> None:
        """Take commands in the order in which they were sent."""
        with self._changed:
            for command in commands:
                self._queue.put(command)
            self._changed.notify_all()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            answers = self._service.do(work)
            with self._answering:
                self._answer(answers)
            self._finish(work)

    def _next(self) -> Work | None:
        """The next piece of work, waited for; None at the end."""
        with self._changed:
            while not self._ended:
                if work := self._queue.take(self._busy):
                    self._busy.add(work.session)
                    return work
                self._changed.wait()
            return None

    def _finish(self, work: Work) -> None:
        with self._changed:
            self._busy.discard(work.session)
            self._changed.notify_all()
