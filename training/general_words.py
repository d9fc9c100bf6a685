"""The general vocabulary of other speech: what people say who say nothing of what the corpus holds.

For English it comes from the general language model in PocketSphinx's wheel; for other languages from
a list that people write, a word a line, the most frequent first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pocketsphinx

from ivr.errors import ConfigurationError
from ivr.steering.text import spoken_words
from training.other_speech import OtherSpeech

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from training.letter_to_sound import Pronunciations

GENERAL_WORDS = 2000
LEAST_LETTERS = 4
"""Shorter general words are heard where a caller swallows a word of the corpus."""

ENTERING = 0.5
_LOG_BASE = 1.0001  # of the probabilities that PocketSphinx gives


def general_english(
    corpus_words: Collection[str], pronunciations: Pronunciations, count: int = GENERAL_WORDS
) -> OtherSpeech:
    """The most frequent general words that neither are words of the corpus nor sound like one."""
    model = pocketsphinx.NGramModel.readfile(pocketsphinx.get_model_path("en-us/en-us.lm.bin"))
    taken = {said for word in corpus_words for said in pronunciations.get(word, ())}
    probabilities = {
        word: _LOG_BASE ** model.prob([word])
        for word, said in pronunciations.items()
        if len(word) >= LEAST_LETTERS
        and word.isalpha()
        and word not in corpus_words
        and taken.isdisjoint(said)
    }
    frequent = sorted(probabilities, key=lambda word: (-probabilities[word], word))[:count]
    whole = sum(probabilities[word] for word in frequent)
    return OtherSpeech(
        shares={word: probabilities[word] / whole for word in frequent}, entering=ENTERING
    )


def read_general_words(
    path: Path | None, language: str, corpus_words: Collection[str]
) -> tuple[str, ...]:
    """The words of a written list that the corpus lacks, normalised, each once; () without a list.

    Raises `ConfigurationError` for a line that is not one word.
    """
    if path is None:
        return ()
    found: dict[str, None] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        words = spoken_words(line, language)
        if len(words) != 1:
            raise ConfigurationError(
                f"{line!r} is not one word",
                advice="write one word a line",
                where=f"{path}:{number}",
            )
        if words[0] not in corpus_words:
            found[words[0]] = None
    return tuple(found)
