"""A recogniser process: decoders behind one pipe, each serving one caller at a time.

Run as `python -m ivr.models.recogniser_process OPTIONS DECODERS MOST` (`EngineOptions` as JSON, how many
decoders to keep built ahead, and how many callers there are at most); standard input carries the
commands of `recogniser_protocol`, standard output the answers. It is always a fresh interpreter: a forked
child would hold the calls' sockets open. It ends when its input does, so it is gone as soon as whoever
started it is, SIGKILL included.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import threading
from typing import TYPE_CHECKING

from ivr.errors import ModelUnusableError, SternikError
from ivr.models.command_queue import CommandQueue
from ivr.models.recogniser_engine import EngineOptions, find_engine
from ivr.models.recogniser_protocol import (
    Message,
    MessageKind,
    MessageReader,
    encode,
    encode_words,
)
from ivr.models.recogniser_service import RecogniserService
from ivr.models.recogniser_threads import RecogniserThreads

if TYPE_CHECKING:
    from collections.abc import Iterable

READ_BYTES = 65_536
PR_SET_PDEATHSIG = 1


def serve(service: RecogniserService, reading: int, writing: int) -> None:
    """Answer commands from file descriptor `reading` on `writing` until it ends."""
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
        if work := queue.take():
            _write(writing, service.do(work))


def serve_with_threads(
    service: RecogniserService, reading: int, writing: int, *, threads: int
) -> None:
    """The same with several threads, for an engine that lets go of the interpreter lock."""
    reader = MessageReader()
    with RecogniserThreads(service, lambda answers: _write(writing, answers), threads) as workers:
        while data := os.read(reading, READ_BYTES):
            workers.put(reader.feed(data))


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
    options = EngineOptions.from_json(arguments[0])
    built_ahead, most = map(int, arguments[1:])
    # A Ctrl-C in the terminal is for the program that owns the calls; it closes the pipe in time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        _die_with_parent()
    threading.excepthook = _end_process
    try:
        loaded = find_engine(options.engine).load(options)
        service = RecogniserService(loaded.build_decoder, built_ahead=built_ahead, most=most)
        _serve(service, loaded.note, options.threads)
    except (BrokenPipeError, SternikError) as error:
        return _tell(error)
    return 0


def _serve(service: RecogniserService, note: str, threads: int) -> None:
    reading, writing = sys.stdin.fileno(), sys.stdout.fileno()
    while service.wants_spare:
        service.build_spare()
    _write(writing, [Message(kind=MessageKind.READY, payload=encode_words(note))])
    if threads > 1:
        serve_with_threads(service, reading, writing, threads=threads)
    else:
        serve(service, reading, writing)


def _tell(error: BaseException) -> int:
    """Say why the process ends; returns its exit code."""
    if isinstance(error, BrokenPipeError):
        return 0
    if isinstance(error, ModelUnusableError):
        reason = Message(kind=MessageKind.UNUSABLE, payload=encode_words(str(error)))
        _write(sys.stdout.fileno(), [reason])
    else:
        sys.stderr.write(f"recogniser process: {error!r}\n")
    return 1


def _end_process(arguments: threading.ExceptHookArgs) -> None:
    """A thread failed: end as if the only one had, so that the process is replaced."""
    os._exit(_tell(arguments.exc_value or arguments.exc_type()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
