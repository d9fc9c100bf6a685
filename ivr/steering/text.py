"""Text as the classifier sees it: one normalisation for training and serving."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u0060\u00b4\uff07", "'"))
_MAX_FOLDING_ROUNDS = 8

_DIGIT_WORDS: Mapping[str, tuple[str, ...]] = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}
_HESITATIONS: Mapping[str, frozenset[str]] = {
    "en": frozenset({"uh", "uhm", "um", "umm", "er", "erm", "hm", "hmm", "mm", "mhm"}),
}


def spoken_words(text: str, language: str) -> tuple[str, ...]:
    """Split a text into the words that a recogniser should expect to hear, hesitations included.

    NFKC, case folded, punctuation out, apostrophes only inside words; each digit becomes its own
    word where the language's digits are known (`en`), and stays as it is elsewhere.
    """
    kept = "".join(character if _is_of_word(character) else " " for character in _fold(text))
    digits = _DIGIT_WORDS.get(language)
    spelled = kept if digits is None else "".join(_spelled(kept, digits))
    return tuple(word for raw in spelled.split() if (word := _bare(raw)))


def normalise(text: str, language: str) -> str:
    """`spoken_words` without hesitations (um, erm), joined by single spaces. Idempotent."""
    hesitations = _HESITATIONS.get(language, frozenset())
    return " ".join(word for word in spoken_words(text, language) if word not in hesitations)


def _fold(text: str) -> str:
    """Compatibility case folding (Unicode 3.13, D145), repeated until it changes nothing."""
    folded = unicodedata.normalize("NFD", text.translate(_APOSTROPHES))
    for _ in range(_MAX_FOLDING_ROUNDS):
        again = unicodedata.normalize("NFKC", folded.casefold()).translate(_APOSTROPHES)
        if again == folded:
            break
        folded = again
    return folded


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "'" or _is_mark(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _spelled(text: str, digits: tuple[str, ...]) -> Iterator[str]:
    for character in text:
        value = unicodedata.decimal(character, None)
        yield character if value is None else f" {digits[value]} "


def _bare(word: str) -> str:
    """Strip apostrophes from both ends, and marks that belong to no letter."""
    start = 0
    while start < len(word) and (word[start] == "'" or _is_mark(word[start])):
        start += 1
    return word[start:].rstrip("'")
