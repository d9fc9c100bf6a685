"""`sternik speech check`: a model opened, measured against the corpus, and tried on a recording."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.artefact import load_artefact
from ivr.models.vosk_model_folder import (
    VoskModelFolder,
    model_inside,
    read_model_folder,
    read_vocabulary,
)
from ivr.wav import read_wav, telephone_pcm
from sternik.speech.choice import POCKETSPHINX, VOSK
from sternik.speech.in_force import choose_ears
from sternik.speech.model_places import model_places
from sternik.speech.trial import Trial, TrialResult, run_trial
from sternik.speech.vocabulary import (
    VocabularyGap,
    dictionary_words,
    expected_phrases,
    gap_between,
    open_question_phrases,
)

if TYPE_CHECKING:
    from ivr.models.artefact import ModelArtefact
    from sternik.settings import Settings

_SILENCE_SECONDS: Final = 0.3
_TELEPHONE_BYTES_PER_SECOND: Final = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is checked: an engine, its Vosk model where it has one, and the language to hear."""

    language: str
    engine: str
    model: VoskModelFolder | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A model beside the corpus. `gap` is None, and `no_corpus` says why, without a trained artefact.

    `vocabulary` is the number of words that it knows.
    """

    subject: Subject
    vocabulary: int
    artefact: ModelArtefact | None
    gap: VocabularyGap | None
    no_corpus: str
    grammar: tuple[str, ...] = ()

    @property
    def few_words(self) -> str:
        """That it lacks too many words to serve calls; '' when it does not."""
        if self.gap is None or self.gap.is_enough:
            return ""
        share = f"it knows {self.gap.known_share:.0%} of the corpus's words"
        if self.gap.is_foreign:
            return f"{share}: this is a model of another language than {self.subject.language}"
        return f"{share}, too few to serve calls"

    @property
    def other_name(self) -> str:
        """That its name tells another language; '' when it does not."""
        model, language = self.subject.model, self.subject.language
        if model is None or model.language in {None, language}:
            return ""
        return f"its name says {model.language!r}, and the language is {language!r}"


def subject_of(settings: Settings, wanted: str, language: str = "") -> Subject:
    """What `wanted` means: '' for who listens now, a language (two letters), a model's name or folder.

    Raises `ConfigurationError` or `ModelUnusableError`.
    """
    if is_language(wanted or settings.language):
        choice = choose_ears(settings, wanted)
        if choice.ears.engine not in {VOSK, POCKETSPHINX}:
            raise ConfigurationError(
                f"the engine {choice.ears.engine!r} can't be checked from here"
            )
        return Subject(language=choice.language, engine=choice.ears.engine, model=choice.model)
    inside = model_inside(Path(wanted))
    model = model_places(settings.speech_folder).read(str(inside or wanted))
    return Subject(
        language=language or model.language or settings.language,
        engine=VOSK,
        model=model,
        note=f"the model is one folder further in: {inside}" if inside else "",
    )


def is_language(word: str) -> bool:
    """Whether it is a language's two letters."""
    return len(word) == 2 and word.isascii() and word.isalpha() and word.islower()  # noqa: PLR2004


def compare(settings: Settings, subject: Subject) -> Comparison:
    """Inspect a model's files and its words; some seconds for a large one.

    Raises `ModelUnusableError`.
    """
    artefact, no_corpus = _artefact(settings, subject.language)
    if subject.model is not None:
        read_model_folder(subject.model.path, thorough=True)
        known = read_vocabulary(subject.model)
    elif artefact is not None:
        known = dictionary_words(artefact.dictionary)
    else:
        raise ModelUnusableError(f"PocketSphinx hears with what training makes: {no_corpus}")
    return Comparison(
        subject=subject,
        vocabulary=len(known),
        artefact=artefact,
        gap=gap_between(expected_phrases(artefact), known) if artefact else None,
        no_corpus=no_corpus,
        grammar=_grammar(artefact, subject.model, known),
    )


def try_out(comparison: Comparison, recording: Path | None = None) -> TrialResult:
    """Open the model for real and let it hear the recording; seconds.

    Raises `ModelUnusableError`, `ConfigurationError` for a recording that cannot be read.
    """
    model, artefact = comparison.subject.model, comparison.artefact
    return run_trial(
        Trial(
            engine=comparison.subject.engine,
            model_folder=model.path if model else None,
            artefact_folder=artefact.folder if artefact else None,
            phrases=comparison.grammar,
            pcm=_telephone_speech(recording) if recording else b"",
        )
    )


def _grammar(
    artefact: ModelArtefact | None, model: VoskModelFolder | None, known: frozenset[str]
) -> tuple[str, ...]:
    """What Vosk is told to expect; it leaves out words it lacks, and a grammar of those is none."""
    if artefact is None or model is None or not model.takes_grammars:
        return ()
    asked = open_question_phrases(artefact)
    return tuple(phrase for phrase in asked if not known.isdisjoint(phrase.split()))


def _artefact(settings: Settings, language: str) -> tuple[ModelArtefact | None, str]:
    try:
        return load_artefact(settings.models_folder, language), ""
    except ModelUnusableError as error:
        return None, str(error)


def _telephone_speech(recording: Path) -> bytes:
    """As a call brings it, with a moment of silence on both sides."""
    silence = bytes(int(_SILENCE_SECONDS * _TELEPHONE_BYTES_PER_SECOND))
    return silence + telephone_pcm(read_wav(recording)) + silence
