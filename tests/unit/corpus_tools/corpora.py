"""Corpora made for checks: sentences that have little in common, unless a test says otherwise."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

_TOPICS = {
    "pin": "pin code forgot blocked digits keypad reset secret wrong machine",
    "mortgage": "mortgage house flat rate borrow bank interest years home buy",
    "card_lost": "card lost stolen wallet street block missing bus thief gone",
}
_REST = "please well i want the my and today could somebody help me with about it because".split()  # noqa: SIM905


def sentences(intent: str, count: int, seed: int = 1) -> list[str]:
    """Different sentences of one topic's words among general ones; always the same."""
    chance = random.Random(f"{intent}{seed}")
    topic = _TOPICS[intent].split()
    found: dict[str, None] = {}
    while len(found) < count:
        words = chance.sample(topic, 4) + chance.sample(_REST, 4)
        chance.shuffle(words)
        found[" ".join(words)] = None
    return list(found)


def rows(count: int, seed: int = 1, session: str = "one") -> list[str]:
    """`count` rows of each topic by five speakers."""
    return [
        f"{text},{intent},{session},s{number % 5}"
        for intent in _TOPICS
        for number, text in enumerate(sentences(intent, count, seed))
    ]


def write_rows(
    path: Path, lines: Sequence[str], header: str = "text,intent,session,speaker"
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path
