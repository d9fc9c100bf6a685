"""What an engine alone can do: decoders fed with 100 ms pieces and asked for words, nothing around them.

Run as `python -m benchmarks.bare_engine OPTIONS SPEECH.raw STREAMS SECONDS` (`EngineOptions` as JSON,
8 kHz PCM): so many streams, divided among the engine's threads, take turns piece by piece (pieces as
Sternik gives them), as fast as they can. Prints the seconds of speech decoded, the seconds it took, and
the processor seconds of those. One process of the engine's plan; `measure_bare` runs all of them side by
side.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from ivr.models.recogniser_engine import (
    EngineOptions,
    LoadedEngine,
    RecogniserDecoder,
    find_engine,
)
from ivr.models.recogniser_stream import PIECE_BYTES
from ivr.ports import SAMPLE_RATE_HZ, GrammarName

_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BareEngine:
    """What the engine alone did in so many processes of so many streams each.

    `streams` is how many it would decode in real time, `core_share` what one takes of a core.
    """

    processes: int
    streams_each: int
    streams: float
    core_share: float


async def measure_bare(
    options: EngineOptions,
    speech: Path,
    *,
    processes: int,
    streams_each: int,
    seconds: float,
) -> BareEngine:
    """Let the engine decode this speech for so long, in all processes at the same time."""
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "benchmarks.bare_engine",
            options.to_json(),
            str(speech),
            str(streams_each),
            str(seconds),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(processes)
    ]
    try:
        async with asyncio.timeout(_START_SECONDS + 3 * seconds):
            for process in running:  # each says when it has loaded; then all begin together
                await _line(process)
            for process in running:
                assert process.stdin is not None
                process.stdin.write(b"\n")
            results = [json.loads(await _line(process)) for process in running]
    finally:
        for process in running:
            if process.returncode is None:
                process.kill()
            await process.wait()
    return BareEngine(
        processes=processes,
        streams_each=streams_each,
        streams=sum(spoken / took for spoken, took, _ in results),
        core_share=sum(core for _, _, core in results) / sum(spoken for spoken, _, _ in results),
    )


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("the bare engine ended: see above")
    return line


class _Stream:
    """One caller's decoder, who says the speech over and over, each time as one utterance."""

    def __init__(self, decoder: RecogniserDecoder, speech: bytes, *, first: int) -> None:
        pieces = [
            speech[start : start + PIECE_BYTES]
            for start in range(0, len(speech) - PIECE_BYTES + 1, PIECE_BYTES)
        ]
        # Else all streams would be at the same word, and end their utterances together.
        self._next = islice(cycle([*pieces, None]), first % len(pieces), None)
        self._decoder = decoder
        self._decoder.reset(GrammarName.OPEN_QUESTION)
        self.pieces = 0

    def go_on(self) -> None:
        """Decode the next 100 ms."""
        piece = next(self._next)
        if piece is None:
            self._decoder.finish()
            self._decoder.reset(GrammarName.OPEN_QUESTION)
            return
        self._decoder.feed(piece)
        self.pieces += 1


def _decode(streams: Sequence[_Stream], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for stream in streams:
            stream.go_on()


def _streams(engine: LoadedEngine, speech: bytes, count: int) -> list[_Stream]:
    step = len(speech) // PIECE_BYTES // count
    return [_Stream(engine.build_decoder(), speech, first=step * number) for number in range(count)]


def main(arguments: Sequence[str]) -> None:
    """Load, wait for a line on standard input, decode, print three kinds of seconds as JSON."""
    options = EngineOptions.from_json(arguments[0])
    speech, count, seconds = Path(arguments[1]).read_bytes(), int(arguments[2]), float(arguments[3])
    engine = find_engine(options.engine)
    threads = options.threads or engine.plan(options, os.cpu_count() or 1).threads
    streams = _streams(engine.load(options), speech, count)
    print("ready", flush=True)
    sys.stdin.readline()
    began, core_began = time.monotonic(), time.process_time()
    working = [
        threading.Thread(target=_decode, args=(streams[number::threads], seconds))
        for number in range(threads)
    ]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    took, core = time.monotonic() - began, time.process_time() - core_began
    spoken = sum(stream.pieces for stream in streams) * PIECE_BYTES / 2 / SAMPLE_RATE_HZ
    print(json.dumps([spoken, took, core]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
