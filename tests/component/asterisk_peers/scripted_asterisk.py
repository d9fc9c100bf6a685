"""An Asterisk of a few lines: what its AGI, AudioSocket and AMI sides send, when a test says so."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

from ivr.asterisk.audiosocket_protocol import audio_frame, identify_frame

HOST = "127.0.0.1"
PATIENCE_SECONDS = 5.0
VOICE = b"\x01\x02" * 160
_ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_AUDIOSOCKET = re.compile(r"AudioSocket\((?P<id>[0-9a-f-]{36}),(?P<host>[\d.]+):(?P<port>\d+)\)")

INTERACTION = "0b5ee7a8-6f0d-4b3e-9a41-0d8f3a6c1d11"
ENVIRONMENT = (
    "agi_network: yes\n"
    "agi_network_script: steer\n"
    "agi_request: agi://127.0.0.1/steer\n"
    "agi_channel: PJSIP/anonymous-00000001\n"
    "agi_language: en\n"
    "agi_uniqueid: 1700000000.1\n"
    "agi_callerid: 48600123456\n"
    "agi_dnid: 600\n"
    "agi_extension: s\n"
    f"agi_arg_1: {INTERACTION}\n\n"
)


class AgiPeer:
    """Asterisk's side of one FastAGI session, driven line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int, *, environment: str = ENVIRONMENT) -> Self:
        peer = cls(*await asyncio.open_connection(HOST, port))
        peer.send(environment)
        return peer

    def send(self, text: str | bytes) -> None:
        self._writer.write(text.encode() if isinstance(text, str) else text)

    async def command(self) -> str:
        """The next command's line; '' when Sternik has closed the session."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await self._reader.readline()).decode().rstrip("\n")

    async def answer(self, reply: str = "200 result=1") -> str:
        """Take one command and answer it; returns the command."""
        command = await self.command()
        self.send(f"{reply}\n")
        return command

    async def closed(self) -> bytes:
        """Wait until Sternik closes the session; what it had still sent."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with suppress(ConnectionError):
                return await self._reader.read()
        return b""

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    def reset(self) -> None:
        """As a dying Asterisk or a firewall: RST, not FIN."""
        self._writer.transport.abort()


class AudioPeer:
    """The application `AudioSocket()` of one channel."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, address: str, audio_id: uuid.UUID | None = None) -> Self:
        host, _, port = address.rpartition(":")
        peer = cls(*await asyncio.open_connection(host, int(port)))
        if audio_id is not None:
            peer.send(identify_frame(audio_id))
        return peer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def send_voice(self, frames: int = 1) -> None:
        self.send(audio_frame(VOICE) * frames)

    async def frame(self) -> tuple[int, bytes]:
        """The next frame from Sternik: kind and payload. Raises `EOFError` after the last one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            header = await self.reader.readexactly(3)
            return header[0], await self.reader.readexactly(int.from_bytes(header[1:], "big"))

    async def frames_until(self, wanted: Callable[[int, bytes], bool]) -> list[tuple[int, bytes]]:
        """All frames up to the first that is wanted, which is the last of the list."""
        frames = [await self.frame()]
        while not wanted(*frames[-1]):
            frames.append(await self.frame())
        return frames

    async def closed(self) -> None:
        """Wait until Sternik closes the connection, reading whatever comes before."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with suppress(ConnectionError):
                while await self.reader.read(65_536):
                    pass

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


def agi_arguments(command: str) -> Sequence[str]:
    """The quoted arguments of a command line."""
    return [argument.replace("\\", "") for argument in _ARGUMENT.findall(command)]


def audiosocket_of(command: str) -> tuple[uuid.UUID, str]:
    """Which connection `EXEC TryExec "AudioSocket(...)"` asks for: its UUID and `host:port`."""
    match = _AUDIOSOCKET.search(command)
    assert match is not None, command
    return uuid.UUID(match["id"]), f"{match['host']}:{match['port']}"


class AmiPeer:
    """Asterisk's manager port: takes the right secret, and sends what a test gives it."""

    def __init__(self, *, secret: str = "right", answers_pings: bool = True) -> None:
        self.logins: asyncio.Queue[bool] = asyncio.Queue()
        self.pings = 0
        self._answers_pings = answers_pings
        self._secret = secret
        self._writers: list[asyncio.StreamWriter] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_all()
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    def drop_all(self) -> None:
        """Lose every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def send(self, **headers: object) -> None:
        self.send_raw("".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n")

    def send_raw(self, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        for writer in self._writers:
            writer.write(data)

    async def logged_in(self) -> bool:
        """Wait for the next login; whether it was accepted."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.logins.get()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                action = _headers(await reader.readuntil(b"\r\n\r\n"))
                if action["Action"] == "Login":
                    accepted = action["Secret"] == self._secret
                    self._answer(writer, action, accepted=accepted)
                    self.logins.put_nowait(accepted)
                    if not accepted:
                        break
                    self._writers.append(writer)
                elif action["Action"] == "Ping":
                    self.pings += 1
                    if self._answers_pings:
                        self._answer(writer, action, accepted=True)
        writer.close()

    @staticmethod
    def _answer(writer: asyncio.StreamWriter, action: dict[str, str], *, accepted: bool) -> None:
        response = "Success" if accepted else "Error"
        message = "accepted" if accepted else "Authentication failed"
        writer.write(
            f"Response: {response}\r\nActionID: {action.get('ActionID', '')}\r\n"
            f"Message: {message}\r\n\r\n".encode()
        )


def _headers(message: bytes) -> dict[str, str]:
    lines = message.decode().split("\r\n")
    return {name: value for name, _, value in (line.partition(": ") for line in lines) if name}
