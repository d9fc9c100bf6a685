"""One caller's audio over AudioSocket: the `AudioLink` port on top of the sans-IO decoder."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

import numpy as np

from ivr.asterisk.audiosocket_protocol import (
    AudioReceived,
    AudioSocketDecoder,
    AudioSocketEvent,
    DigitReceived,
    ErrorReceived,
    HangupReceived,
    Identified,
    audio_frame,
    hangup_frame,
)
from ivr.asterisk.frame_pacer import FramePacer
from ivr.errors import ProtocolError
from ivr.ports import (
    FRAME_BYTES,
    AudioClosed,
    AudioEvent,
    CallerDigit,
    CallerFrame,
    PlaybackEnded,
)

_SILENCE = bytes(FRAME_BYTES)
# A caller's phone may send nothing while its owner is silent: after this many ticks without a frame,
# silence stands in, so that audio time goes on and time-outs that count frames still fire. Ticks, not
# frames: after a stall of our own, the caller's frames wait in the socket and nothing is missing.
_TICKS_WITHOUT_INPUT = 3
# Five seconds; a reader this far behind gets the newest sound, never the oldest.
_MAX_WAITING_EVENTS = 250
# Asterisk has stopped reading: what is written now would be heard seconds late.
_MAX_UNSENT_BYTES = 5 * (FRAME_BYTES + 3)

_CLOSE_SECONDS = 2.0


class AudioSocketLink(asyncio.Protocol):
    """Audio both ways for one connection; it becomes a caller's once the UUID frame has come.

    At most five seconds of events wait for the reader: on overflow the oldest caller frame is dropped,
    and a digit when no frame is left. Ends of playback and the end are never dropped.
    """

    def __init__(
        self,
        *,
        pacer: FramePacer,
        identified: Callable[[AudioSocketLink, Identified], bool],
        ended: Callable[[AudioSocketLink], None],
    ) -> None:
        self._pacer = pacer
        self._identified = identified
        self._ended = ended
        self._decoder = AudioSocketDecoder()
        self._transport: asyncio.Transport | None = None
        self._known = False
        self._waiting: deque[AudioEvent] = deque()
        self._wake = asyncio.Event()
        self._partial = bytearray()
        self._frames_in = 0
        self._ticks_without_input = 0
        self._playing: deque[tuple[int, bytes]] = deque()
        self._offset = 0
        self._playbacks = 0
        self._gain = 1.0
        self._closed = asyncio.Event()

    # --- asyncio.Protocol -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Silence flows from here on, before the peer has said who it is."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (what a TCP server gives)
        self._transport = transport
        self._pacer.add(self)

    def data_received(self, data: bytes) -> None:
        """Whatever the peer sends; a broken one is cut off."""
        try:
            for event in self._decoder.receive(data):
                self._take(event)
        except ProtocolError as error:
            self._end(f"broken AudioSocket peer: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer closed, or the network did."""
        self._end("connection lost" if exc else "connection closed")

    # --- what comes in ----------------------------------------------------------------------------

    def _take(self, event: AudioSocketEvent) -> None:
        if not self._known:
            if not isinstance(event, Identified) or not self._identified(self, event):
                raise ProtocolError("the first frame names no call that is expected here")
            self._known = True
            return
        match event:
            case AudioReceived(pcm=pcm):
                self._take_audio(pcm)
            case DigitReceived(digit=digit):
                self._put(CallerDigit(digit=digit))
            case HangupReceived():
                self._end("the caller hung up")
            case ErrorReceived(code=code):
                self._end(f"Asterisk reported AudioSocket error {code}")
            case Identified():
                raise ProtocolError("a second UUID frame")

    def _take_audio(self, pcm: bytes) -> None:
        self._ticks_without_input = 0
        self._partial += pcm
        while len(self._partial) >= FRAME_BYTES:
            self._put_frame(bytes(self._partial[:FRAME_BYTES]))
            del self._partial[:FRAME_BYTES]

    def _put_frame(self, pcm: bytes) -> None:
        self._put(CallerFrame(pcm=pcm, index=self._frames_in))
        self._frames_in += 1

    def _put(self, event: AudioEvent) -> None:
        if len(self._waiting) >= _MAX_WAITING_EVENTS:
            oldest = next((e for e in self._waiting if isinstance(e, CallerFrame)), None)
            if oldest is not None:
                self._waiting.remove(oldest)
            elif isinstance(event, CallerDigit):
                return
        self._waiting.append(event)
        self._wake.set()

    async def events(self) -> AsyncIterator[AudioEvent]:
        """Frames, digits and ends of playback, ending with `AudioClosed`."""
        while True:
            while self._waiting:
                event = self._waiting.popleft()
                yield event
                if isinstance(event, AudioClosed):
                    return
            self._wake.clear()
            await self._wake.wait()

    # --- what goes out ----------------------------------------------------------------------------

    def play(self, pcm: bytes) -> int:
        """Queue a prompt behind what plays; returns its number, named by `PlaybackEnded`."""
        self._playbacks += 1
        self._playing.append((self._playbacks, pcm))
        return self._playbacks

    def stop_playback(self) -> None:
        """Silence from the next frame on; what was queued is dropped without `PlaybackEnded`."""
        self._playing.clear()
        self._offset = 0

    def set_gain(self, gain: float) -> None:
        """Loudness (0..1) of what plays from the next frame on."""
        self._gain = gain

    def send_frames(self, count: int) -> None:
        """Called by the pacer each 20 ms, with more than one frame to send after a stall."""
        self._ticks_without_input += 1
        is_muted = self._known and self._ticks_without_input > _TICKS_WITHOUT_INPUT
        for _ in range(count):
            if is_muted:
                self._put_frame(_SILENCE)
            self._send_frame()

    def _send_frame(self) -> None:
        """Send nothing while Asterisk does not read; the prompt then waits, too."""
        if self._transport is None or self._closed.is_set():
            return
        if self._transport.get_write_buffer_size() <= _MAX_UNSENT_BYTES:
            self._transport.write(audio_frame(self._next_frame()))

    def _next_frame(self) -> bytes:
        if not self._playing:
            return _SILENCE
        number, pcm = self._playing[0]
        frame = pcm[self._offset : self._offset + FRAME_BYTES]
        self._offset += FRAME_BYTES
        if self._offset >= len(pcm):
            self._playing.popleft()
            self._offset = 0
            self._put(PlaybackEnded(playback=number))
        return self._loud(frame.ljust(FRAME_BYTES, b"\0"))

    def _loud(self, frame: bytes) -> bytes:
        if self._gain == 1.0:
            return frame
        samples = np.frombuffer(frame, dtype="<i2").astype(np.float32) * self._gain
        return samples.astype("<i2").tobytes()

    # --- the end ----------------------------------------------------------------------------------

    def _end(self, reason: str) -> None:
        if self._closed.is_set():
            return
        self._closed.set()
        self._pacer.remove(self)
        self._ended(self)
        self._put(AudioClosed(reason=reason))
        if self._transport is not None:
            self._transport.close()
            # Closing waits until all is sent, so for ever on a peer that does not read.
            asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._transport.abort)

    def close_if_unidentified(self) -> None:
        """Close a connection that never said which call it is (a port probe)."""
        if not self._known:
            self._end("no UUID frame in time")

    async def close(self) -> None:
        """Hand the caller back to the dialplan (or AGI) that started the audio. Idempotent."""
        if self._transport is not None and not self._closed.is_set():
            self._transport.write(hangup_frame())
        self._end("closed by us")
