"""What Vosk is told to expect: the artefact's phrases, as far as the model knows their words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.errors import ModelUnusableError
from ivr.models.artefact import GRAMMARS, OTHER_SPEECH, PHRASES
from ivr.models.grammars import phrases_of, read_grammars
from ivr.ports import GrammarName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    KnowsWord = Callable[[str], bool]

UNKNOWN = "[unk]"
MIN_KNOWN_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One grammar: the phrases it is estimated from, and its words; all others are other speech.

    `phrases` is Vosk's JSON list. It is written without escapes, which Vosk would take for words.
    """

    phrases: str
    words: frozenset[str]

    def written(self, word: str) -> str:
        """A heard word as the port wants it: in brackets when it is other speech."""
        return word if word in self.words or word == UNKNOWN else f"[{word}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """All grammars of an artefact, and the words of its corpus that the model lacks, sorted.

    A small grammar that the artefact lacks, or of which the model knows no phrase, is missing here.
    """

    grammars: Mapping[GrammarName, Expectation]
    missing_words: tuple[str, ...]

    def of(self, grammar: GrammarName) -> Expectation:
        """What to expect; the open question where there is no such small grammar."""
        return self.grammars.get(grammar, self.grammars[GrammarName.OPEN_QUESTION])


NOTHING_EXPECTED = Expectations(
    grammars={GrammarName.OPEN_QUESTION: Expectation(phrases="[]", words=frozenset())},
    missing_words=(),
)
"""For a model that is tried without an artefact, free-form."""


def read_expectations(artefact_folder: Path, knows_word: KnowsWord) -> Expectations:
    """Read an artefact's phrases and grammars, without the words that the model does not know.

    Raises `ModelUnusableError` when they cannot be read, and when the model knows less than half of
    the corpus's words: it is one of another language.
    """
    phrases = _lines(artefact_folder / PHRASES)
    words = {word for phrase in phrases for word in phrase.split()}
    known = frozenset(filter(knows_word, words))
    if len(known) < MIN_KNOWN_SHARE * len(words) or not known:
        raise ModelUnusableError(
            f"the speech model knows {len(known)} of the {len(words)} words in "
            f"{artefact_folder / PHRASES} ({len(known) / max(len(words), 1):.0%}): "
            "is it one of another language? Choose one with `sternik speech use`"
        )
    other = _other_words(artefact_folder / OTHER_SPEECH, knows_word, known)
    unknown = [UNKNOWN] if knows_word(UNKNOWN) else []
    grammars = {GrammarName.OPEN_QUESTION: _expect(phrases, known, [*other, *unknown])}
    for name, meanings in read_grammars(artefact_folder / GRAMMARS).items():
        small = [phrase for phrase in phrases_of(meanings) if all(map(knows_word, phrase.split()))]
        if small:
            of_small = frozenset(word for phrase in small for word in phrase.split())
            grammars[name] = _expect(small, of_small, unknown)
    return Expectations(grammars=grammars, missing_words=tuple(sorted(words - known)))


def _expect(phrases: Iterable[str], words: frozenset[str], other: Iterable[str]) -> Expectation:
    known = (" ".join(word for word in phrase.split() if word in words) for phrase in phrases)
    expected = [phrase for phrase in known if phrase] + list(other)
    return Expectation(phrases=json.dumps(expected, ensure_ascii=False), words=words)


def _other_words(path: Path, knows_word: KnowsWord, corpus: frozenset[str]) -> list[str]:
    if not path.exists():
        return []
    return [word for word in dict.fromkeys(_lines(path)) if word not in corpus and knows_word(word)]


def _lines(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnusableError(f"{path} cannot be read ({error}): run `sternik train`") from error
    return [line for line in lines if line]
