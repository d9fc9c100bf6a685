"""Text as the classifier sees it: one normalisation for training and serving.

A recogniser writes words that it heard outside what the grammar expects in brackets: `[weather]`,
or `[unk]` where it does not even know the word. They are called other speech here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NORMALISATION = 3
"""Goes up with every change of what `normalise` gives: a model trained otherwise is refused."""

OTHER_SPEECH = "[unk]"
"""Stands for any word of other speech in normalised text; written text cannot produce it."""

_OTHER_SPEECH = re.compile(r"\[[^\[\]\s]+\]")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u0060\u00b4\uff07", "'"))
_MAX_FOLDING_ROUNDS = 8

_DIGIT_WORDS: Mapping[str, tuple[str, ...]] = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "pl": (
        *("zero", "jeden", "dwa", "trzy", "cztery"),
        *("pięć", "sześć", "siedem", "osiem", "dziewięć"),
    ),
}
_HESITATIONS: Mapping[str, frozenset[str]] = {
    "en": frozenset({"uh", "uhm", "um", "umm", "er", "erm", "hm", "hmm", "mm", "mhm"}),
    # Neither "no" nor "mhm": both mean yes.
    "pl": frozenset(
        {"eee", "ee", "eeee", "yyy", "yy", "y", "yyyy", "ymm", "hm", "hmm", "hmmm", "mm", "mmm"}
    ),
}


def spoken_words(text: str, language: str) -> tuple[str, ...]:
    """Split a text into the words that a recogniser should expect to hear, hesitations included.

    NFKC, case folded, punctuation out, apostrophes only inside words; each digit becomes its own
    word where the language's digits are known (`en`, `pl`), and stays as it is elsewhere.
    """
    kept = "".join(character if _is_of_word(character) else " " for character in _fold(text))
    digits = _DIGIT_WORDS.get(language)
    spelled = kept if digits is None else "".join(_spelled(kept, digits))
    return tuple(word for raw in spelled.split() if (word := _bare(raw)))


def normalise(text: str, language: str) -> str:
    """`spoken_words` without hesitations (um, erm), joined by single spaces. Idempotent.

    Each bracketed word of other speech becomes `OTHER_SPEECH`.
    """
    hesitations = _HESITATIONS.get(language, frozenset())
    words: list[str] = []
    end = 0
    for other in _OTHER_SPEECH.finditer(text):
        words += spoken_words(text[end : other.start()], language)
        words.append(OTHER_SPEECH)
        end = other.end()
    words += spoken_words(text[end:], language)
    return " ".join(word for word in words if word not in hesitations)


def is_other_speech(word: str) -> bool:
    """Whether a recognised word was heard outside what the grammar expects."""
    return _OTHER_SPEECH.fullmatch(word) is not None


def plain_words(words: str) -> tuple[str, ...]:
    """Recognised words without brackets; `[unk]` is none."""
    return tuple(
        word[1:-1] if is_other_speech(word) else word
        for word in words.split()
        if word != OTHER_SPEECH
    )


def other_speech_share(words: str) -> float:
    """How much of recognised words (0..1) is other speech; 0 when there are none."""
    split = words.split()
    return sum(map(is_other_speech, split)) / len(split) if split else 0.0


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
