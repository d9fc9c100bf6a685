"""What was heard so far, one JSON line an utterance: an interrupted learning goes on from there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A trial's key, what was said and heard; confidences (0..1) of words, () where there are none."""

    key: str
    said: str
    heard: str
    condition: str
    voice: str
    word_confidences: tuple[float, ...]


class HeardFile:
    """Appends line by line; a line that was cut off by a kill counts as not heard."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def read(self) -> dict[str, Heard]:
        """All that is there, by key."""
        if not self._path.exists():
            return {}
        whole = self._path.read_text(encoding="utf-8")
        lines = whole[: whole.rfind("\n") + 1].splitlines()
        if not whole.endswith("\n"):
            self._path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        found = (Heard(**json.loads(line)) for line in lines)
        return {one.key: one for one in found}

    def append(self, heard: Heard) -> None:
        """Keep one more."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(heard), ensure_ascii=False) + "\n")
