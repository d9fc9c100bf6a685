"""The AudioSocket server of one worker: it takes only connections that a call of its own announced."""

from __future__ import annotations

import asyncio
import uuid
from typing import Self

from ivr.asterisk.audiosocket_link import AudioSocketLink
from ivr.asterisk.audiosocket_protocol import Identified
from ivr.asterisk.frame_pacer import FramePacer
from ivr.errors import ConfigurationError, MisuseError, PeerTimeoutError

_IDENTIFY_SECONDS = 3.0


class AudioSocketServer:
    """Listens on one port (0: a free one) and gives each expected connection to who expects it.

    A connection that does not begin with the UUID of an expected call is closed at once; one that says
    nothing is closed after three seconds.
    """

    def __init__(self, *, host: str, port: int = 0) -> None:
        self._host = host
        self._requested_port = port
        self._pacer = FramePacer()
        self._expected: dict[uuid.UUID, asyncio.Future[AudioSocketLink]] = {}
        self._links: set[AudioSocketLink] = set()
        self._server: asyncio.Server | None = None

    @property
    def pacer(self) -> FramePacer:
        """The clock of all links, for its lateness."""
        return self._pacer

    @property
    def address(self) -> str:
        """`host:port` as the dialplan application wants it."""
        if self._server is None:
            raise MisuseError("the AudioSocket server is not started")
        return f"{self._host}:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                self._make_link, self._host, self._requested_port, backlog=1024
            )
        except OSError as cause:
            raise ConfigurationError(
                f"cannot listen for AudioSocket on {self._host}:{self._requested_port}: "
                f"{cause.strerror}",
                advice="set STERNIK_AUDIOSOCKET_PORT to 0 (any free port) or to one not in use",
            ) from cause
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for link in tuple(self._links):
            await link.close()
        for waiting in self._expected.values():
            waiting.cancel()
        if self._server is not None:
            await self._server.wait_closed()

    def expect(self) -> uuid.UUID:
        """Announce one audio session; its UUID is random, so nobody else can guess it."""
        audio_id = uuid.uuid4()
        self._expected[audio_id] = asyncio.get_running_loop().create_future()
        return audio_id

    async def connected(self, audio_id: uuid.UUID, *, seconds: float) -> AudioSocketLink:
        """The link of an announced session; raises `PeerTimeoutError` when Asterisk never comes."""
        try:
            async with asyncio.timeout(seconds):
                return await self._expected[audio_id]
        except TimeoutError as cause:
            raise PeerTimeoutError(f"no AudioSocket connection within {seconds} s") from cause
        finally:
            self._expected.pop(audio_id, None)

    def _make_link(self) -> AudioSocketLink:
        link = AudioSocketLink(
            pacer=self._pacer, identified=self._identify, ended=self._links.discard
        )
        self._links.add(link)
        asyncio.get_running_loop().call_later(_IDENTIFY_SECONDS, link.close_if_unidentified)
        return link

    def _identify(self, link: AudioSocketLink, who: Identified) -> bool:
        waiting = self._expected.get(who.audio_id)
        if waiting is None or waiting.done():
            return False
        waiting.set_result(link)
        return True
