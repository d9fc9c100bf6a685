"""Which of the words that callers are expected to say a recogniser knows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ivr.models.grammars import phrases_of, read_grammars

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from ivr.models.artefact import ModelArtefact

FOREIGN_SHARE: Final = 0.2
"""A model that knows less than this of the corpus's words is one of another language."""

LEAST_SHARE: Final = 0.5
"""With less than this no call is steered well, and the Vosk engine refuses to start."""

_VARIANT = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class VocabularyGap:
    """Of `expected` different words, those that are `missing`, the most frequent ones first."""

    expected: int
    missing: tuple[str, ...]

    @property
    def known_share(self) -> float:
        """0..1; 1 where nothing is expected."""
        return (self.expected - len(self.missing)) / self.expected if self.expected else 1.0

    @property
    def is_enough(self) -> bool:
        """Whether the model can serve calls."""
        return self.known_share >= LEAST_SHARE

    @property
    def is_foreign(self) -> bool:
        """Whether the model hears another language than the corpus is written in."""
        return self.known_share < FOREIGN_SHARE


def gap_between(phrases: Iterable[str], known: Collection[str]) -> VocabularyGap:
    """What `known` lacks of the words of `phrases`."""
    counts = Counter(word for phrase in phrases for word in phrase.split())
    missing = [word for word in counts if word not in known]
    missing.sort(key=lambda word: (-counts[word], word))
    return VocabularyGap(expected=len(counts), missing=tuple(missing))


def expected_phrases(artefact: ModelArtefact) -> tuple[str, ...]:
    """Everything that callers are expected to say: to the open question and to the small ones."""
    small = read_grammars(artefact.grammars).values()
    return (
        *open_question_phrases(artefact),
        *(phrase for meanings in small for phrase in phrases_of(meanings)),
    )


def open_question_phrases(artefact: ModelArtefact) -> tuple[str, ...]:
    """What they say to the open question, a normalised phrase each."""
    return tuple(artefact.phrases.read_text("utf-8").splitlines())


def dictionary_words(dictionary: Path) -> frozenset[str]:
    """The words that PocketSphinx has a pronunciation for."""
    lines = dictionary.read_text("utf-8").splitlines()
    return frozenset(_VARIANT.sub("", line.split(maxsplit=1)[0]) for line in lines if line.strip())
