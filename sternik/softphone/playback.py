"""Sound waiting to be sent, cut into packets without gaps between one piece and the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable

from .errors import CallEndedError, SoftphoneMisuseError
from .g711 import BYTES_PER_SAMPLE
from .rtp_protocol import SAMPLES_PER_PACKET

FRAME_BYTES = SAMPLES_PER_PACKET * BYTES_PER_SAMPLE
MAX_QUEUED_BYTES = 64 * 1024 * 1024


class Playback:
    """One piece of sound on its way out.

    Timing convention: a sample counts as handed over when the packet that carries it is given to
    the network. A packet holds 20 ms, so its last sample would leave a microphone at that very
    moment and its first 20 ms earlier; and a piece that does not fill its last packet is followed
    by 0 to 20 ms of silence (or the next piece) in it. So a reaction measured from `finished`
    counts from the last sample, less 0 to 20 ms of such fill; pieces of whole packets (a multiple
    of 160 samples) have none.

    `started_at_seconds` is the monotonic time at which the first packet left, None before.
    """

    def __init__(self, pcm: bytes) -> None:
        if len(pcm) % BYTES_PER_SAMPLE:
            raise SoftphoneMisuseError("half a sample at the end of the sound")
        self.started_at_seconds: float | None = None
        self.finished_at_seconds: float | None = None
        self.stopped = False
        self._pcm = pcm
        self._position = 0
        self._done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    @property
    def finished(self) -> Awaitable[float]:
        """Await this for the monotonic time at which the last sample was handed over.

        May be awaited several times, and under a time-out. Raises `CallEndedError` when the call
        ends before.
        """
        return self._wait()

    @property
    def remaining_bytes(self) -> int:
        """Bytes of PCM that have not been sent."""
        return 0 if self.stopped else len(self._pcm) - self._position

    def stop(self) -> None:
        """Drop what has not been sent; `finished` then gives the last packet that was."""
        self.stopped = True

    def take(self, byte_count: int) -> bytes:
        """Remove and return up to so many bytes; for the sender."""
        if self.stopped:
            return b""
        piece = self._pcm[self._position : self._position + byte_count]
        self._position += len(piece)
        return piece

    def sent(self, at_seconds: float) -> None:
        """Note that everything taken so far has left; for the sender."""
        if self.started_at_seconds is None:
            self.started_at_seconds = at_seconds
        self.finished_at_seconds = at_seconds
        self.resolve(at_seconds)

    def resolve(self, now_seconds: float) -> None:
        """Finish if nothing remains; for the sender."""
        if self.remaining_bytes == 0 and not self._done.done():
            at_seconds = self.finished_at_seconds
            self._done.set_result(now_seconds if at_seconds is None else at_seconds)

    def fail(self) -> None:
        """Give up because the call ended; for the sender."""
        if not self._done.done():
            self._done.set_exception(CallEndedError("the call ended during the playback"))
            self._done.exception()

    async def _wait(self) -> float:
        return await asyncio.shield(self._done)


class PlayQueue:
    """Playbacks in their order, joined sample by sample.

    Bounded: more than 64 MiB waiting (over an hour) is refused with `SoftphoneMisuseError`.
    """

    def __init__(self) -> None:
        self._playbacks: deque[Playback] = deque()
        self._in_frame: list[Playback] = []

    def add(self, playback: Playback) -> None:
        """Append a playback."""
        waiting = sum(other.remaining_bytes for other in self._playbacks)
        if waiting + playback.remaining_bytes > MAX_QUEUED_BYTES:
            raise SoftphoneMisuseError("too much sound is waiting to be played")
        self._playbacks.append(playback)

    def take_frame(self, now_seconds: float) -> bytes | None:
        """Return the next 320 bytes, filled up with silence, or None when nothing is waiting."""
        frame = b""
        while self._playbacks and len(frame) < FRAME_BYTES:
            playback = self._playbacks[0]
            piece = playback.take(FRAME_BYTES - len(frame))
            frame += piece
            if piece:
                self._in_frame.append(playback)
            else:
                playback.resolve(now_seconds)
            if playback.remaining_bytes == 0:
                self._playbacks.popleft()
        return frame.ljust(FRAME_BYTES, b"\0") if frame else None

    def frame_sent(self, at_seconds: float) -> None:
        """Tell the playbacks in the last frame that it has left."""
        for playback in self._in_frame:
            playback.sent(at_seconds)
        self._in_frame.clear()

    def stop(self) -> None:
        """Drop everything that is waiting."""
        for playback in self._playbacks:
            playback.stop()

    def fail(self) -> None:
        """Give up on everything because the call ended."""
        for playback in (*self._in_frame, *self._playbacks):
            playback.fail()
        self._in_frame.clear()
        self._playbacks.clear()
