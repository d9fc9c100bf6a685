"""The commands that wait in a recogniser process, condensed to what is worth doing.

Pure. Speech that a later `RESET` or `CLOSE` of its session makes pointless is not decoded, and waiting
pieces of one session's speech become one, so that the words are asked for once. A process that keeps up
has one command waiting at a time, and nothing changes; one that has fallen behind catches up.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ivr.models.recogniser_protocol import Message, MessageKind

if TYPE_CHECKING:
    from collections.abc import Collection

# Half a second: decoding more in one go would look like a hung process.
MAX_JOINED_BYTES = 8_000
_FORGETTING = frozenset({MessageKind.RESET, MessageKind.CLOSE})
_FORGOTTEN = frozenset({MessageKind.FEED, MessageKind.FINISH})


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """A command to carry out, or None for none; whose it is, and how many commands it answers."""

    session: int
    command: Message | None
    commands: int = 1


class CommandQueue:
    """First in, first out within each session. As long as what the peer has sent: it bounds that."""

    def __init__(self) -> None:
        self._waiting: deque[Work] = deque()
        self._speech: dict[int, Work] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, command: Message) -> None:
        """Take one more command; it may join or undo ones that wait."""
        if command.kind is MessageKind.FEED:
            self._put_speech(command)
            return
        if command.kind in _FORGETTING:
            self._forget(command.session)
        self._speech.pop(command.session, None)
        self._waiting.append(Work(session=command.session, command=command))

    def take(self, busy: Collection[int] = ()) -> Work | None:
        """The next piece of work of a session that is not `busy`; None when there is none."""
        work = next((work for work in self._waiting if work.session not in busy), None)
        if work is not None:
            self._waiting.remove(work)
            if self._speech.get(work.session) is work:
                del self._speech[work.session]
        return work

    def _put_speech(self, command: Message) -> None:
        work = self._speech.get(command.session)
        if work is None or work.command is None or not _can_join(work.command, command):
            work = Work(session=command.session, command=command)
            self._waiting.append(work)
            self._speech[command.session] = work
            return
        work.command = replace(work.command, payload=work.command.payload + command.payload)
        work.commands += 1

    def _forget(self, session: int) -> None:
        for work in self._waiting:
            command = work.command
            if work.session == session and command and command.kind in _FORGOTTEN:
                work.command = None


def _can_join(earlier: Message, later: Message) -> bool:
    joined_bytes = len(earlier.payload) + len(later.payload)
    return earlier.utterance == later.utterance and joined_bytes <= MAX_JOINED_BYTES
