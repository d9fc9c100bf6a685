"""The AGI wire protocol, seen from the FastAGI server, without I/O.

Bytes and end of file go in, frozen events come out; commands go in, bytes come out. The connection
knows which of the two sides may speak: one command is in flight at a time, and a `HANGUP` line, which
Asterisk sends between replies, before or after one, is an event of its own and never a reply.

Source: https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Gateway-Interface-AGI/
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from ivr.errors import MisuseError, ProtocolError

MAX_LINE_BYTES = 8192
MAX_ENVIRONMENT_LINES = 200

_REPLY = re.compile(r"(?P<code>\d{3})(?P<more>[ -])(?P<text>.*)", re.DOTALL)
_RESULT = re.compile(r"result=(?P<result>-?[^\s(]*)(?:\s+\((?P<data>.*)\))?", re.DOTALL)
_FIRST_FINAL_CODE = 200
_FORBIDDEN = ("\r", "\n", "\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentReceived:
    """The `agi_*` variables with which Asterisk opens a session, names without the prefix."""

    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReceived:
    """The answer to the command in flight.

    `code` is 200 for done, 510 for unknown, 511 for not permitted on a dead channel, 520 for wrong
    usage. `result` is what follows `result=` ('' where there is none) and `data` what stands in
    parentheses.
    """

    code: int
    result: str
    data: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupReceived:
    """The caller hung up; commands are still answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndReceived:
    """Asterisk closed the connection. Nothing follows."""


AgiEvent = EnvironmentReceived | ReplyReceived | HangupReceived | EndReceived


class _State(Enum):
    ENVIRONMENT = auto()
    IDLE = auto()
    COMMAND_IN_FLIGHT = auto()
    CLOSED = auto()


def _quoted(argument: str) -> str:
    if any(character in argument for character in _FORBIDDEN):
        raise MisuseError("an AGI argument holds a line break or NUL: it would be a second command")
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


class AgiConnection:
    """One FastAGI connection's state.

    `receive` and `receive_end` give all events that the bytes complete; a broken peer raises
    `ProtocolError`, after which the connection is closed and further input is ignored.
    """

    def __init__(self) -> None:
        self._state = _State.ENVIRONMENT
        self._buffer = bytearray()
        self._environment: dict[str, str] = {}
        self._usage = False

    @property
    def idle(self) -> bool:
        """Whether a command may be sent."""
        return self._state is _State.IDLE

    def receive(self, data: bytes) -> list[AgiEvent]:
        """Take bytes in any chunks; memory held never exceeds one line and the environment."""
        if self._state is _State.CLOSED:
            return []
        self._buffer += data
        events: deque[AgiEvent] = deque()
        try:
            while (line := self._next_line()) is not None:
                event = self._line(line)
                if event is not None:
                    events.append(event)
        except ProtocolError:
            self._close()
            raise
        return list(events)

    def receive_end(self) -> list[AgiEvent]:
        """The peer closed its side: always one `EndReceived`, whatever was half-received."""
        if self._state is _State.CLOSED:
            return []
        self._close()
        return [EndReceived()]

    def send(self, command: str, *arguments: str) -> bytes:
        """The bytes of a command (its words are sent as they are, each argument quoted).

        Raises `MisuseError` for CR, LF or NUL anywhere, and while another command is in flight.
        """
        if self._state is not _State.IDLE:
            raise MisuseError(f"AGI command {command!r} while the session is {self._state.name}")
        if any(character in command for character in _FORBIDDEN):
            raise MisuseError("an AGI command holds a line break or NUL")
        line = " ".join((command, *(_quoted(argument) for argument in arguments)))
        encoded = line.encode() + b"\n"
        if len(encoded) > MAX_LINE_BYTES:
            raise MisuseError(f"AGI command of {len(encoded)} bytes; at most {MAX_LINE_BYTES}")
        self._state = _State.COMMAND_IN_FLIGHT
        return encoded

    def _close(self) -> None:
        self._state = _State.CLOSED
        self._buffer.clear()

    def _next_line(self) -> str | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise ProtocolError(f"AGI line over {MAX_LINE_BYTES} bytes")
            return None
        if end > MAX_LINE_BYTES:
            raise ProtocolError(f"AGI line over {MAX_LINE_BYTES} bytes")
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line.decode("utf-8", "replace")

    def _line(self, line: str) -> AgiEvent | None:
        if self._state is _State.ENVIRONMENT:
            return self._environment_line(line)
        if line == "HANGUP" and not self._usage:
            return HangupReceived()
        return self._reply_line(line)

    def _environment_line(self, line: str) -> AgiEvent | None:
        if not line:
            self._state = _State.IDLE
            return EnvironmentReceived(variables=MappingProxyType(dict(self._environment)))
        name, colon, value = line.partition(":")
        if not colon or not name.startswith("agi_"):
            raise ProtocolError(
                "the peer does not speak AGI: its first lines are not agi_ variables"
            )
        if len(self._environment) >= MAX_ENVIRONMENT_LINES:
            raise ProtocolError(f"over {MAX_ENVIRONMENT_LINES} AGI environment lines")
        self._environment[name.removeprefix("agi_")] = value.strip()
        return None

    def _reply_line(self, line: str) -> AgiEvent | None:
        match = _REPLY.fullmatch(line)
        if match is None:
            if self._usage:
                return None
            raise ProtocolError("a line that is no AGI reply")
        if self._state is not _State.COMMAND_IN_FLIGHT:
            raise ProtocolError("an AGI reply without a command")
        code = int(match["code"])
        if code < _FIRST_FINAL_CODE:  # provisional: the reply itself follows
            return None
        if match["more"] == "-":
            self._usage = True
            return None
        self._usage = False
        self._state = _State.IDLE
        result = _RESULT.match(match["text"])
        return ReplyReceived(
            code=code,
            result=result["result"] if result else "",
            data=result["data"] if result else None,
        )
