"""Which model was in service when, since when, by whom and why: `history.jsonl` of a language folder.

One JSON object a line, oldest first; lines are only ever added. A line that a power cut has torn is
passed over.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HISTORY = "history.jsonl"


class ChangeKind(StrEnum):
    """How a model came into service. `AUTOMATIC` is training's own doing, on nobody's word."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceChange:
    """One change: `at` is UTC in ISO 8601, `who` a user's name, `left` '' when none was in service."""

    at: str
    who: str
    kind: ChangeKind
    left: str
    entered: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """As it is written, with the names `from` and `to`."""
        return {
            "at": self.at,
            "who": self.who,
            "kind": str(self.kind),
            "from": self.left,
            "to": self.entered,
            "reason": self.reason,
        }


def read_history(home: Path) -> tuple[ServiceChange, ...]:
    """All changes in the language folder `home`, oldest first; none where there is no history."""
    try:
        lines = (home / HISTORY).read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    changes = []
    for line in lines:
        with suppress(ValueError, KeyError, TypeError):
            changes.append(_change(json.loads(line)))
    return tuple(changes)


def append_change(home: Path, change: ServiceChange) -> None:
    """Add a change, on the disk when this returns."""
    with (home / HISTORY).open("ab+") as file:
        file.seek(max(file.tell() - 1, 0))
        torn = file.read(1) not in {b"", b"\n"}
        line = json.dumps(change.as_json(), ensure_ascii=False, sort_keys=True)
        file.write(f"{chr(10) * torn}{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def service_stack(changes: Iterable[ServiceChange], current: str) -> tuple[str, ...]:
    """Versions that a rollback leads to, oldest first; the last one is `current`.

    A promotion puts a version on top, a rollback takes one off. A `current` that the history does not
    know was written by hand: it goes back to a version that was there, or on top as a new one.
    """
    stack: list[str] = []
    for change in changes:
        if change.left:
            _go_back(stack, change.left)
        if change.kind is ChangeKind.ROLLBACK:
            _go_back(stack, change.entered)
        elif stack[-1:] != [change.entered]:
            stack.append(change.entered)
    if current:
        _go_back(stack, current)
    return tuple(stack)


def _go_back(stack: list[str], version: str) -> None:
    if version not in stack:
        stack.append(version)
    while stack[-1] != version:
        stack.pop()


def _change(fields: dict[str, str]) -> ServiceChange:
    return ServiceChange(
        at=fields["at"],
        who=fields["who"],
        kind=ChangeKind(fields["kind"]),
        left=fields["from"],
        entered=fields["to"],
        reason=fields["reason"],
    )
