"""Words as the pieces that MiniLM reads (WordPiece, Wu et al. 2016; BERT's uncased vocabulary)."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.steering.text import OTHER_SPEECH

if TYPE_CHECKING:
    from collections.abc import Iterator

VOCABULARY = Path(__file__).with_name("minilm_vocabulary.txt")
MOST_PIECES = 128
_LONGEST_WORD = 100
_UNKNOWN, _START, _END = "[UNK]", "[CLS]", "[SEP]"
_PARTS = re.compile(r"[\w\u0300-\u036f]+|[^\w\s]")


class WordPieces:
    """Numbers of the pieces of normalised text, as the model's own tokeniser gives them.

    Other speech is the piece for what nobody knows. Of a long text the first 126 pieces count.
    """

    def __init__(self, vocabulary: Path = VOCABULARY) -> None:
        lines = vocabulary.read_text(encoding="utf-8").split("\n")
        self._numbers = {piece: number for number, piece in enumerate(lines) if piece}

    def numbers(self, text: str) -> list[int]:
        """The pieces of a text between start and end mark, as numbers of the vocabulary."""
        found = [number for word in text.split() for number in self._of_word(word)]
        kept = found[: MOST_PIECES - 2]
        return [self._numbers[_START], *kept, self._numbers[_END]]

    def _of_word(self, word: str) -> Iterator[int]:
        if word == OTHER_SPEECH:
            yield self._numbers[_UNKNOWN]
            return
        for part in _PARTS.findall(_without_accents(word)):
            yield from self._of_part(part)

    def _of_part(self, part: str) -> list[int]:
        """Split greedily, the longest known piece first; one unknown piece where that fails."""
        unknown = [self._numbers[_UNKNOWN]]
        if len(part) > _LONGEST_WORD:
            return unknown
        pieces: list[int] = []
        start = 0
        while start < len(part):
            before = "##" if start else ""
            for end in range(len(part), start, -1):
                number = self._numbers.get(before + part[start:end])
                if number is not None:
                    pieces.append(number)
                    start = end
                    break
            else:
                return unknown
        return pieces


def _without_accents(word: str) -> str:
    split = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in split if unicodedata.category(letter) != "Mn")
