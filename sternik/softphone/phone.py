"""A SIP telephone for tests, load and demonstrations: one socket, many calls."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Self

from .call import Call, CallParts
from .dialog_protocol import ALLOW, new_request
from .digest_protocol import Credentials, authorized
from .errors import (
    AnswerTimeoutError,
    RegistrationRejectedError,
    SoftphoneMisuseError,
)
from .g711 import Codec
from .incoming_call import IncomingCall
from .outgoing_invite import OutgoingInvite
from .pacer import Lateness, Pacer
from .sdp_protocol import MEDIA_TYPE
from .sip_endpoint import ServerTransaction, SipEndpoint, SipTimers
from .sip_protocol import (
    Header,
    Headers,
    NameAddress,
    SipRequest,
    SipUri,
    parse_name_address,
    required,
)

_CODECS = (Codec.PCMU, Codec.PCMA)
_METHODS_OF_A_DIALOG = ("BYE", "UPDATE", "INFO", "NOTIFY")


class Softphone:
    """A telephone; use it as an async context manager.

    It binds UDP `host`:`port` for SIP (port 0 takes a free one, see `port`) and one more UDP port
    a call, all on `host`. Up to `max_waiting` incoming calls wait for `incoming()`; more are
    refused with 486. Leaving the context hangs up what is left, waits up to
    `close_timeout_seconds` for the peers to confirm, and closes every socket and task.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        codecs: tuple[Codec, ...] = _CODECS,
        timers: SipTimers | None = None,
        max_waiting: int = 128,
        close_timeout_seconds: float = 2.0,
    ) -> None:
        self._host = host
        self._wanted_port = port
        self._close_timeout_seconds = close_timeout_seconds
        self._endpoint = SipEndpoint(
            timers=timers or SipTimers(),
            on_request=self._receive_request,
            on_ack=self._receive_ack,
            on_cancel=self._receive_cancel,
        )
        self._pacer = Pacer()
        self._parts = CallParts(
            endpoint=self._endpoint, pacer=self._pacer, codecs=codecs, on_end=self._forget_call
        )
        self._credentials: Credentials | None = None
        self._calls: dict[tuple[str, str], Call] = {}
        self._offered: dict[ServerTransaction, IncomingCall] = {}
        self._waiting: asyncio.Queue[IncomingCall | None] = asyncio.Queue(max_waiting + 1)
        self._max_waiting = max_waiting
        self._tasks = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()
        self._open = False

    async def __aenter__(self) -> Self:
        await self._endpoint.open(self._host, self._wanted_port)
        await self._tasks.__aenter__()
        self._start(self._pacer.run())
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = False
        try:
            self._refuse_offered()
            if error is None:
                await self._hang_up_all()
        finally:
            for call in tuple(self._calls.values()):
                call.abandon()
            for task in self._running:
                task.cancel()
            self._endpoint.close()
            await self._end_tasks(error)

    async def _end_tasks(self, error: BaseException | None) -> None:
        """Wait for the cancelled tasks; only a cancellation may be the task group's own doing.

        Any other error of the `async with` body must come out as it is, not in a group.
        """
        if isinstance(error, asyncio.CancelledError):
            await self._tasks.__aexit__(type(error), error, error.__traceback__)
        else:
            await self._tasks.__aexit__(None, None, None)

    @property
    def port(self) -> int:
        """The local SIP port."""
        return self._endpoint.port

    @property
    def calls(self) -> tuple[Call, ...]:
        """Calls that have not ended, placed and taken."""
        return tuple(self._calls.values())

    def lateness(
        self, *, since_seconds: float = float("-inf"), until_seconds: float = float("inf")
    ) -> Lateness:
        """How late the 20 ms clock was in this span of monotonic time (the last half hour at most).

        A benchmark should discard a run in which `max_ms` is large against what it measures.
        """
        return self._pacer.lateness(since_seconds=since_seconds, until_seconds=until_seconds)

    def dial(
        self,
        number: str,
        *,
        to_host: str,
        to_port: int,
        caller_number: str,
        caller_name: str | None = None,
        send_silence: bool = True,
        credentials: Credentials | None = None,
        extra_headers: Headers | None = None,
    ) -> Call:
        """Send an INVITE and return at once; `Call.wait_answered` tells how it goes.

        `to_host` is an IPv4 address. With `send_silence` false the caller is muted: no packets
        but played sound and keys. `credentials` default to those of `register`.
        """
        if not self._open:
            raise SoftphoneMisuseError("the phone is not open")
        local_tag = secrets.token_hex(8)
        call_id = f"{secrets.token_hex(12)}@{self._endpoint.host}"
        call = Call(
            parts=self._parts,
            number=number,
            call_id=call_id,
            local_tag=local_tag,
            send_silence=send_silence,
        )
        caller = SipUri(user=caller_number, host=self._endpoint.host, port=self.port)
        target = str(SipUri(user=number, host=to_host, port=to_port))
        request = new_request(
            "INVITE",
            target,
            local=NameAddress(uri=str(caller), display_name=caller_name, tag=local_tag),
            remote=NameAddress(uri=target),
            call_id=call_id,
            cseq=1,
            extra=Headers(fields=(*self._capabilities(), *(extra_headers or Headers()))),
            body=call.offer(),
        )
        invite = OutgoingInvite(
            endpoint=self._endpoint,
            invite=request,
            destination=(to_host, to_port),
            credentials=credentials or self._credentials,
            on_progress=call.note_progress,
        )
        self._calls[(call_id, local_tag)] = call
        self._start(call.place(invite, (to_host, to_port)))
        return call

    async def call(
        self,
        number: str,
        *,
        to_host: str,
        to_port: int,
        caller_number: str,
        caller_name: str | None = None,
        send_silence: bool = True,
        credentials: Credentials | None = None,
        extra_headers: Headers | None = None,
        answer_timeout_seconds: float = 60.0,
    ) -> Call:
        """Call a number (as `dial` does) and wait for the answer.

        Raises `CallRejectedError` with the status, `AnswerTimeoutError` when nobody answers in
        time, `SipTimeoutError` when nothing is there, `PeerProtocolError` when the answer is
        unusable. Being cancelled takes the call back with a CANCEL.
        """
        call = self.dial(
            number,
            to_host=to_host,
            to_port=to_port,
            caller_number=caller_number,
            caller_name=caller_name,
            send_silence=send_silence,
            credentials=credentials,
            extra_headers=extra_headers,
        )
        try:
            async with asyncio.timeout(answer_timeout_seconds):
                await call.wait_answered()
        except TimeoutError as error:
            self._hang_up_soon(call)
            raise AnswerTimeoutError(answer_timeout_seconds) from error
        except asyncio.CancelledError:
            self._hang_up_soon(call)
            raise
        return call

    async def incoming(self) -> AsyncIterator[IncomingCall]:
        """Iterate over calls to this phone until it closes; one reader at a time."""
        while (call := await self._waiting.get()) is not None:
            yield call

    async def register(
        self, user: str, password: str, host: str, port: int, *, expires_seconds: int = 3600
    ) -> None:
        """Register with digest authentication, once; it is not refreshed.

        The credentials are also used for INVITEs that are challenged. `expires_seconds` 0 ends
        a registration. Raises `RegistrationRejectedError`, `SipTimeoutError`, `DigestError`.
        """
        self._credentials = Credentials(user=user, password=password)
        account = str(SipUri(user=user, host=host, port=port))
        expires = Headers().with_field("Expires", str(expires_seconds))
        request = new_request(
            "REGISTER",
            str(SipUri(user=None, host=host, port=port)),
            local=NameAddress(uri=account, tag=secrets.token_hex(8)),
            remote=NameAddress(uri=account),
            call_id=secrets.token_hex(12),
            cseq=1,
            extra=Headers(fields=(*self._capabilities(user), *expires)),
        )
        response = await self._endpoint.start(request, (host, port)).final_response()
        if response.status in (401, 407):
            request = authorized(
                request,
                response,
                credentials=self._credentials,
                client_nonce=secrets.token_hex(8),
            )
            response = await self._endpoint.start(request, (host, port)).final_response()
        if response.status >= 300:
            raise RegistrationRejectedError(response.status, response.reason)

    def _capabilities(self, user: str | None = None) -> Headers:
        contact = SipUri(user=user, host=self._endpoint.host, port=self.port)
        return Headers(
            fields=(
                Header(name="Contact", value=f"<{contact}>"),
                Header(name="Allow", value=ALLOW),
            )
        )

    def _start(self, story: Coroutine[object, object, None]) -> None:
        task = self._tasks.create_task(story)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _hang_up_soon(self, call: Call) -> None:
        """Hang up in the background; a phone that closes does so anyway."""
        if self._open:
            self._start(call.hang_up())

    def _refuse_offered(self) -> None:
        for offered in tuple(self._offered.values()):
            offered.invite.respond(480)
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    async def _hang_up_all(self) -> None:
        for call in self.calls:
            self._start(call.hang_up())
        with suppress(TimeoutError):
            async with asyncio.timeout(self._close_timeout_seconds):
                for call in self.calls:
                    await call.ended.wait()

    def _forget_call(self, call: Call) -> None:
        self._calls.pop((call.call_id, call.local_tag), None)

    def _call_of(self, request: SipRequest) -> Call | None:
        tag = parse_name_address(required(request, "To")).tag
        return self._calls.get((required(request, "Call-ID"), tag or ""))

    def _receive_request(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        in_dialog = parse_name_address(required(request, "To")).tag is not None
        if call := self._call_of(request):
            call.receive_request(transaction)
        elif in_dialog or request.method in _METHODS_OF_A_DIALOG:
            transaction.respond(481)
        elif request.method == "INVITE":
            self._receive_invite(transaction)
        elif request.method == "OPTIONS":
            accept = self._capabilities().with_field("Accept", MEDIA_TYPE)
            transaction.respond(200, extra=accept)
        else:
            transaction.respond(405, extra=Headers().with_field("Allow", ALLOW))

    def _receive_invite(self, transaction: ServerTransaction) -> None:
        if not self._open or self._waiting.qsize() >= self._max_waiting:
            transaction.respond(486)
            return
        transaction.respond(100)
        offered = IncomingCall(
            invite=transaction, local_tag=secrets.token_hex(8), make_call=self._make_call
        )
        self._offered = {i: o for i, o in self._offered.items() if not i.answered}
        self._offered[transaction] = offered
        self._waiting.put_nowait(offered)

    def _make_call(self, offered: IncomingCall, send_silence: bool) -> Call:
        call = Call(
            parts=self._parts,
            number=offered.caller_number,
            call_id=offered.call_id,
            local_tag=offered.local_tag,
            send_silence=send_silence,
        )
        self._calls[(call.call_id, call.local_tag)] = call
        return call

    def _receive_ack(self, request: SipRequest) -> None:
        if call := self._call_of(request):
            call.receive_ack(request)

    def _receive_cancel(
        self, transaction: ServerTransaction, invite: ServerTransaction | None
    ) -> None:
        if invite is None:
            transaction.respond(481)
            return
        transaction.respond(200)
        if offered := self._offered.get(invite):
            offered.cancel()
