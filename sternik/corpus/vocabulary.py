"""What the recogniser of a language hears, as the settings and the disk choose it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.vosk_model_folder import read_vocabulary
from sternik.speech.choice import POCKETSPHINX
from sternik.speech.in_force import choose_ears
from training.dictionary import POCKETSPHINX_LANGUAGE, read_pronunciations
from training.letter_to_sound import Pronunciations, pronounce
from training.sources import TrainingSources

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sternik.settings import Settings
    from training.corpus_checks.check import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class WordList:
    """A Vosk model's words: it hears these and no others."""

    name: str
    words: frozenset[str]

    def unheard(self, words: Collection[str]) -> frozenset[str]:
        """Those words that are not in the list."""
        return frozenset(words) - self.words

    def guessed(self, words: Collection[str]) -> Mapping[str, str]:
        """None: a word is in the model or it is not."""
        del words
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """PocketSphinx: words of its dictionary and of ours, others by rule where that is possible."""

    name: str
    pronunciations: Pronunciations

    def unheard(self, words: Collection[str]) -> frozenset[str]:
        """Those words that no rule can pronounce."""
        return frozenset(word for word in self._others(words) if not self._made(word))

    def guessed(self, words: Collection[str]) -> Mapping[str, str]:
        """Those words that get a pronunciation by rule."""
        made = {word: self._made(word) for word in self._others(words)}
        return {word: said[0] for word, said in made.items() if said}

    def _others(self, words: Collection[str]) -> list[str]:
        return [word for word in words if not self.pronunciations.get(word)]

    def _made(self, word: str) -> tuple[str, ...]:
        return pronounce(word, self.pronunciations)


def vocabulary_of(settings: Settings, language: str, files: Sequence[Path]) -> Vocabulary | str:
    """What the recogniser of a language hears, or why nobody knows; a second.

    Pronunciations of our own are read from `en.dict` beside the files, else beside the shipped corpus.
    """
    try:
        choice = choose_ears(settings, language)
        if choice.model is not None:
            return WordList(name=choice.who, words=read_vocabulary(choice.model))
        if choice.ears.engine == POCKETSPHINX and language == POCKETSPHINX_LANGUAGE:
            extra = _own_dictionary(language, files, settings.corpus_folder)
            return Dictionary(name=choice.who, pronunciations=read_pronunciations(extra))
    except (ConfigurationError, ModelUnusableError) as error:
        return str(error)
    return f"the words of the engine {choice.ears.engine!r} are not known"


def _own_dictionary(language: str, files: Sequence[Path], shipped: Path) -> Path | None:
    folders = dict.fromkeys((*(path.parent for path in files), shipped))
    found = (TrainingSources.of_language(folder, language).dictionary for folder in folders)
    return next((path for path in found if path is not None), None)
