"""The pool's end of one recogniser process: starts it, talks to it, notices that it is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ivr
from ivr.errors import ModelUnusableError, ProtocolError, RecogniserLostError
from ivr.models.recogniser_protocol import Message, MessageKind, MessageReader, encode
from ivr.models.recogniser_stream import ProcessStream

if TYPE_CHECKING:
    from collections.abc import Collection

    from ivr.models.recogniser_engine import EngineOptions
    from ivr.ports import GrammarName

READ_BYTES = 65_536
MAX_UNSENT_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTimes:
    """When a process counts as unusable or lost; all in seconds.

    A process that owes an answer and gives none for `answer` is hung. One that answers, but whose
    oldest unanswered command is older than `behind`, is too busy: the caller with most left to hear (of
    equals the newest) is shed, and another one every `shed` until it has caught up. `watch` is how
    often that is looked at, and how often an idle process is asked for a sign of life.
    """

    start_seconds: float = 60.0
    answer_seconds: float = 1.0
    behind_seconds: float = 1.0
    shed_seconds: float = 0.5
    watch_seconds: float = 0.1
    end_seconds: float = 1.0


class RecogniserProcess:
    """One running process and the sessions it serves. Built by `start`; `run` must be awaited."""

    def __init__(self, process: asyncio.subprocess.Process, times: LinkTimes) -> None:
        assert process.stdin is not None  # noqa: S101 (made with pipes, just below)
        assert process.stdout is not None  # noqa: S101
        self._process = process
        self._input = process.stdin
        self._output = process.stdout
        self._times = times
        self._reader = MessageReader()
        self._streams: dict[int, ProcessStream] = {}
        # When each unanswered command was sent, by session; no session without one is kept.
        self._owed: dict[int, deque[float]] = {}
        self._answered_at = 0.0
        self._shed_at = float("-inf")
        self._last_session = 0
        self._note = ""
        self._lost: str | None = None
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def start(
        cls, *, options: EngineOptions, built_ahead: int, most: int, times: LinkTimes
    ) -> RecogniserProcess:
        """A process whose decoders are ready; raises `ModelUnusableError` when it has none."""
        package_root = str(Path(ivr.__file__).parents[1])
        search_path = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ivr.models.recogniser_process",
            options.to_json(),
            str(built_ahead),
            str(most),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": search_path},
        )
        link = cls(process, times)
        try:
            await link._wait_until_ready(options)
        except BaseException:
            await link.end()
            raise
        return link

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def note(self) -> str:
        """What an administrator should know of its models; '' for nothing."""
        return self._note

    @property
    def sessions(self) -> int:
        """How many callers it serves now."""
        return len(self._streams)

    @property
    def is_lost(self) -> bool:
        """Whether it can hear no more."""
        return self._lost is not None

    @property
    def behind_seconds(self) -> float:
        """The age of the oldest unanswered command, also of one who has left."""
        return self._age(self._owed)

    def open(self, grammar: GrammarName) -> ProcessStream:
        """A new session; raises `RecogniserLostError`."""
        self._last_session += 1
        session = self._last_session
        self.send(Message(kind=MessageKind.OPEN, session=session, payload=grammar.value.encode()))
        self._streams[session] = ProcessStream(link=self, session=session)
        return self._streams[session]

    def send(self, message: Message) -> None:
        """Queue a command; never blocks.

        More than 8 MiB unsent count as lost: raises `RecogniserLostError`.
        """
        if self._lost is None and self._input.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._lose("the recogniser process does not take any more speech")
        if self._lost is not None:
            raise RecogniserLostError(self._lost)
        self._owed.setdefault(message.session, deque()).append(self._loop.time())
        self._input.write(encode(message))

    def release(self, session: int) -> None:
        """A caller is done; the decoder goes back to the process's pool."""
        if self._streams.pop(session, None) is not None and self._lost is None:
            self.send(Message(kind=MessageKind.CLOSE, session=session))

    async def run(self) -> str:
        """Serve until the process is lost; returns the reason after its sessions were told."""
        watching = asyncio.create_task(self._watch(), name=f"recogniser-watch-{self.pid}")
        try:
            await self._read()
        except ProtocolError as error:
            self._lose(f"the recogniser process sent nonsense: {error}")
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await self.close()
        return self._lost or ""

    async def close(self) -> None:
        """End the process and lose its sessions. Idempotent."""
        self._tell_lost("the recogniser process ended")
        await self.end()

    async def end(self) -> None:
        """Close the pipe, on which the process ends by itself; kill it when it does not."""
        self._input.close()
        try:
            async with asyncio.timeout(self._times.end_seconds):
                await self._process.wait()
        except TimeoutError:
            self._kill()
            await self._process.wait()

    async def _wait_until_ready(self, options: EngineOptions) -> None:
        try:
            async with asyncio.timeout(self._times.start_seconds):
                while not (messages := self._reader.feed(await self._output.read(READ_BYTES))):
                    if self._output.at_eof():
                        raise _not_loaded(options, await self._process.wait())
        except TimeoutError as error:
            raise ModelUnusableError(
                f"the recogniser was not ready within {self._times.start_seconds:.0f} s: "
                "is the machine overloaded, or the model's disk slow?"
            ) from error
        if messages[0].kind is MessageKind.UNUSABLE:
            raise ModelUnusableError(messages[0].text)
        self._note = messages[0].text

    async def _read(self) -> None:
        while data := await self._output.read(READ_BYTES):
            for message in self._reader.feed(data):
                self._take(message)

    def _take(self, message: Message) -> None:
        if message.kind is MessageKind.DONE:
            self._take_done(message.session)
        elif message.kind in (MessageKind.PARTIAL, MessageKind.FINAL):
            stream = self._streams.get(message.session)
            if stream is not None:
                stream.hear(message)
        elif message.kind is MessageKind.UNUSABLE:
            self._lose(message.text)
        else:
            raise ProtocolError(f"{message.kind.name} is no answer")

    def _take_done(self, session: int) -> None:
        owed = self._owed.get(session)
        if owed is None:
            raise ProtocolError("more answers than commands")
        owed.popleft()
        if not owed:
            del self._owed[session]
        self._answered_at = self._loop.time()

    async def _watch(self) -> None:
        while self._lost is None:
            looked_at = self._loop.time()
            await asyncio.sleep(self._times.watch_seconds)
            now = self._loop.time()
            if now - looked_at > 2 * self._times.watch_seconds:
                # This loop was held up itself: answers may wait unread. Judge at the next look.
                continue
            if not self._owed:
                self.send(Message(kind=MessageKind.PING))
                continue
            silent_seconds = min(self.behind_seconds, now - self._answered_at)
            if silent_seconds > self._times.answer_seconds:
                self._lose(f"the recogniser has not answered for {silent_seconds:.1f} s")
                return
            # One who has left may still keep a thread busy: that is no reason to shed another.
            late_seconds = self._age(self._streams.keys() & self._owed.keys())
            if late_seconds > self._times.behind_seconds:
                self._shed(now, late_seconds)

    def _age(self, sessions: Collection[int]) -> float:
        """Of the oldest unanswered command of these sessions, all of which are owed an answer."""
        if not sessions:
            return 0.0
        return self._loop.time() - min(self._owed[session][0] for session in sessions)

    def _shed(self, now: float, late_seconds: float) -> None:
        """Let one caller go on with keys, so that the others are heard in time."""
        if now - self._shed_at < self._times.shed_seconds:
            return
        self._shed_at = now
        session = max(self._streams, key=lambda number: (len(self._owed.get(number, ())), number))
        self._streams[session].lose(f"the recogniser is too busy, {late_seconds:.1f} s behind")
        self.release(session)

    def _lose(self, reason: str) -> None:
        self._tell_lost(reason)
        self._kill()

    def _tell_lost(self, reason: str) -> None:
        if self._lost is not None:
            return
        self._lost = reason
        for stream in self._streams.values():
            stream.lose(reason)
        self._streams.clear()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()


def _not_loaded(options: EngineOptions, exit_code: int) -> ModelUnusableError:
    """Native code ends a whole process over a damaged file; its exit code is all that is left."""
    ended = f"signal {signal.Signals(-exit_code).name}" if exit_code < 0 else f"code {exit_code}"
    folder = options.acoustic_model_folder
    advice = "train it again with `sternik train`"
    if folder is not None:
        advice = "fetch it again with `sternik speech fetch`"
    return ModelUnusableError(
        f"the model in {folder or options.artefact_folder} cannot be loaded "
        f"(the recogniser process ended with {ended}): {advice}"
    )
