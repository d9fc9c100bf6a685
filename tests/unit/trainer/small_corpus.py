"""A corpus small enough to train on in a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SENTENCES = {
    "pin": (
        "i forgot my pin",
        "please send me a new pin",
        "my pin is blocked",
        "how do i change my pin",
        "the machine says wrong pin",
        "i need a pin for my card",
    ),
    "mortgage": (
        "i want a mortgage",
        "what are your mortgage rates",
        "we need a loan for a house",
        "how big a mortgage can we get",
        "i want to pay my mortgage early",
        "please tell me about a home loan",
    ),
    "out_of_scope": (
        "what is the weather like",
        "two large pizzas please",
        "i want to complain",
        "sorry wrong number",
        "hello how are you",
        "please turn the music down",
    ),
}
TEXTS = [text for texts in _SENTENCES.values() for text in texts]
LABELS = [intent for intent, texts in _SENTENCES.items() for _ in texts]


def write_small_corpus(folder: Path) -> Path:
    path = folder / "small.csv"
    rows = [
        f"{text},{intent},en,written,one,s{number % 6}"
        for number, (text, intent) in enumerate(zip(TEXTS, LABELS, strict=True))
    ]
    path.write_text("\n".join(["text,intent,language,source,session,speaker", *rows, ""]))
    return path
