"""A scripted SIP peer and a lossy relay for tests of the softphone."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self, cast

import numpy as np

from sternik.softphone import Call, Softphone
from sternik.softphone.g711 import Codec
from sternik.softphone.sdp_protocol import AudioDescription, build_sdp
from sternik.softphone.sip_protocol import SipMessage, SipRequest, SipResponse, parse_message

HOST = "127.0.0.1"
PATIENCE_SECONDS = 5.0


def tone(duration_ms: float, *, frequency_hz: float = 440.0) -> bytes:
    """A sine of amplitude 8000 (-15 dBFS)."""
    phase = 2 * math.pi * frequency_hz / 8000 * np.arange(round(duration_ms * 8))
    samples: bytes = (8000 * np.sin(phase)).astype("<i2").tobytes()
    return samples


async def connect(caller: Softphone, callee: Softphone) -> tuple[Call, Call]:
    """Call from one phone to the other; caller's side first."""
    dialling = caller.dial("100", to_host=HOST, to_port=callee.port, caller_number="600")
    incoming = await anext(callee.incoming())
    taken = await incoming.answer()
    await dialling.wait_answered()
    return dialling, taken


class Datagrams(asyncio.DatagramProtocol):
    """A UDP socket whose datagrams go to a callback."""

    def __init__(self, receive: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._receive = receive
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._receive(data, addr)

    @property
    def port(self) -> int:
        assert self.transport is not None
        port: int = self.transport.get_extra_info("sockname")[1]
        return port

    def send(self, data: bytes, port: int) -> None:
        assert self.transport is not None
        self.transport.sendto(data, (HOST, port))


async def open_datagrams(
    stack: AsyncExitStack, receive: Callable[[bytes, tuple[str, int]], None]
) -> Datagrams:
    protocol = Datagrams(receive)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: protocol, local_addr=(HOST, 0))
    stack.callback(transport.close)
    return protocol


class LossyRelay:
    """Passes SIP between a caller and `callee_port`, dropping what `drops` says.

    `seen` lists every datagram from the caller and from the callee, dropped ones included.
    """

    def __init__(self, callee_port: int, drops: Callable[[SipMessage, int], bool]) -> None:
        self.seen: list[SipMessage] = []
        self._callee_port = callee_port
        self._drops = drops
        self._stack = AsyncExitStack()
        self._caller_port = 0

    async def __aenter__(self) -> Self:
        self._front = await open_datagrams(self._stack, self._from_caller)
        self._back = await open_datagrams(self._stack, self._from_callee)
        self.port = self._front.port
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _passes(self, data: bytes) -> bool:
        message = parse_message(data)
        self.seen.append(message)
        same = [m for m in self.seen if _kind(m) == _kind(message)]
        return not self._drops(message, len(same))

    def _from_caller(self, data: bytes, source: tuple[str, int]) -> None:
        self._caller_port = source[1]
        if self._passes(data):
            self._back.send(data, self._callee_port)

    def _from_callee(self, data: bytes, _source: tuple[str, int]) -> None:
        if self._passes(data):
            self._front.send(data, self._caller_port)


def _kind(message: SipMessage) -> str | int:
    return message.method if isinstance(message, SipRequest) else message.status


class ScriptedPeer:
    """Sends hand-written requests to a phone and hands over what comes back."""

    def __init__(self, phone_port: int) -> None:
        self._phone_port = phone_port
        self._stack = AsyncExitStack()
        self._messages: asyncio.Queue[SipMessage] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._socket = await open_datagrams(self._stack, self._receive)
        self.port = self._socket.port
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _receive(self, data: bytes, _source: tuple[str, int]) -> None:
        self._messages.put_nowait(parse_message(data))

    def send_raw(self, data: bytes) -> None:
        self._socket.send(data, self._phone_port)

    def send(
        self,
        method: str,
        *,
        cseq: int = 1,
        branch: str | None = None,
        to_tag: str | None = None,
        body: bytes = b"",
    ) -> None:
        tag = f";tag={to_tag}" if to_tag else ""
        branch = branch or f"z9hG4bK{method}{cseq}"
        lines = [
            f"{method} sip:100@{HOST}:{self._phone_port} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self.port};rport;branch={branch}",
            f'From: "Peer" <sip:600@{HOST}:{self.port}>;tag=peer',
            f"To: <sip:100@{HOST}:{self._phone_port}>{tag}",
            "Call-ID: scripted",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:600@{HOST}:{self.port}>",
            f"Content-Length: {len(body)}",
        ]
        self.send_raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def offer(self, **changes: object) -> bytes:
        description = AudioDescription(host=HOST, port=self.port, codecs=(Codec.PCMU,))
        text = build_sdp(description).decode()
        for old, new in changes.items():
            text = text.replace(old, str(new))
        return text.encode()

    async def next(self) -> SipMessage:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._messages.get()

    async def response(self, status: int) -> SipResponse:
        """The next response with this status; others are skipped."""
        while True:
            message = await self.next()
            if isinstance(message, SipResponse) and message.status == status:
                return message

    async def request(self, method: str) -> SipRequest:
        """The next request of this method; others are skipped."""
        while True:
            message = await self.next()
            if isinstance(message, SipRequest) and message.method == method:
                return message
