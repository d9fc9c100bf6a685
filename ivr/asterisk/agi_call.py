"""The `CallControl` port over one AGI session and the worker's own AudioSocket server."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ivr.asterisk.agi_server import AgiSession
from ivr.asterisk.audiosocket_server import AudioSocketServer
from ivr.asterisk.channel_variables import INTENT, PRIORITY, QUEUE, STEERED, STEERED_YES
from ivr.errors import CallEndedError, MisuseError, PeerTimeoutError, ProtocolError
from ivr.ports import AudioLink, InteractionId

_CONNECT_SECONDS = 2.0
_LEAVE_SECONDS = 2.0
# A caller's hang-up ends the application first and is told a moment later.
_HANGUP_NEWS_SECONDS = 0.2
# What Asterisk reports for a caller without a number.
_NO_NUMBER = frozenset({"", "unknown", "anonymous", "restricted", "unavailable"})
_APPLICATION_MISSING = "-2"


class AgiCall:
    """One channel, from the start of its AGI session to its end.

    Audio is handed over by running the application `AudioSocket` inside the session: it leaves when
    the link is closed, and the session goes on. `TryExec` keeps the caller when the audio breaks.
    """

    def __init__(self, *, session: AgiSession, audio: AudioSocketServer) -> None:
        interaction = session.environment.get("arg_1", "")
        if not interaction:
            raise ProtocolError("the dialplan gave no interaction id: AGI(agi://…,${STERNIK_ID})")
        self._interaction_id = InteractionId(interaction)
        self._session = session
        self._audio = audio
        self._application: asyncio.Task[str] | None = None

    @property
    def interaction_id(self) -> InteractionId:
        """The UUID that the dialplan gave the call and all its legs."""
        return self._interaction_id

    @property
    def caller_number(self) -> str | None:
        """What Asterisk reports, unchecked; None when withheld."""
        number = self._session.environment.get("callerid", "")
        return None if number.lower() in _NO_NUMBER else number

    @property
    def called_number(self) -> str:
        """The number dialled."""
        environment = self._session.environment
        dialled = environment.get("dnid", "")
        return environment.get("extension", "") if dialled in ("", "unknown") else dialled

    @property
    def channel(self) -> str:
        """Asterisk's channel name."""
        return self._session.environment.get("channel", "")

    async def open_audio(self) -> AudioLink:
        """Hand the channel's audio over.

        Raises `CallEndedError` when the caller is gone, `PeerTimeoutError` when Asterisk runs the
        application but never connects, `MisuseError` when it lacks the application.
        """
        if self._application is not None:
            raise MisuseError("this call's audio is handed over already")
        audio_id = self._audio.expect()
        self._application = asyncio.create_task(
            self._session.execute(
                "TryExec", f"AudioSocket({audio_id},{self._audio.address})", seconds=None
            )
        )
        connecting = asyncio.create_task(self._audio.connected(audio_id, seconds=_CONNECT_SECONDS))
        try:
            await asyncio.wait({self._application, connecting}, return_when=asyncio.FIRST_COMPLETED)
            if connecting.done():
                return connecting.result()
            raise await self._application_left()
        finally:
            connecting.cancel()
            await asyncio.wait({connecting})

    async def finish_audio(self) -> None:
        """Wait until Asterisk has left the application.

        Raises `CallEndedError` if the caller left, `PeerTimeoutError` if Asterisk is stuck in it.
        """
        if self._application is None:
            return
        application, self._application = self._application, None
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await application
        except TimeoutError as cause:
            self._session.close()
            raise PeerTimeoutError("Asterisk did not leave the audio application") from cause

    async def abandon(self) -> None:
        """End a running audio application's task, whatever state it is in. Idempotent."""
        if self._application is not None:
            self._application.cancel()
            await asyncio.wait({self._application})
            self._application = None

    async def hand_over(self, *, queue: str, priority: int, intent: str | None) -> None:
        """Tell the dialplan where the call goes; the flag that it trusts is set last."""
        await self._session.set_variable(QUEUE, queue)
        await self._session.set_variable(PRIORITY, str(priority))
        await self._session.set_variable(INTENT, intent or "")
        await self._session.set_variable(STEERED, STEERED_YES)

    async def _application_left(self) -> BaseException:
        """Why the audio application ended before it connected."""
        assert self._application is not None  # noqa: S101
        application, self._application = self._application, None
        if (error := application.exception()) is not None:
            return error
        if application.result() == _APPLICATION_MISSING:
            return MisuseError("Asterisk lacks TryExec: load app_exec.so")
        with suppress(TimeoutError):
            async with asyncio.timeout(_HANGUP_NEWS_SECONDS):
                await self._session.ended.wait()
            return CallEndedError("the caller hung up before the audio began")
        return ProtocolError(
            "AudioSocket ended before it connected: is app_audiosocket.so loaded in Asterisk?"
        )
