"""`sternik speech check`: a model opened, measured against the corpus, and tried on a recording."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.artefact import load_artefact
from ivr.models.vosk_model_folder import VoskModelFolder, model_inside, read_vocabulary
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
class Checkup:
    """What a check found. `gap` is None, and `no_corpus` says why, without a trained artefact."""

    subject: Subject
    vocabulary: int
    gap: VocabularyGap | None
    no_corpus: str
    result: TrialResult

    @property
    def other_language(self) -> str:
        """What speaks for a model of another language; '' when nothing does."""
        subject, model = self.subject, self.subject.model
        if self.gap is not None and self.gap.is_foreign:
            return (
                f"it knows {self.gap.known_share:.0%} of the corpus's words: "
                f"this is a model of another language than {subject.language}"
            )
        if model is not None and model.language not in {None, subject.language}:
            return f"its name says {model.language!r}, and the language is {subject.language!r}"
        return ""


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


def check(settings: Settings, subject: Subject, recording: Path | None = None) -> Checkup:
    """Open it, compare it with the corpus, and let it hear the recording. Takes seconds.

    Raises `ModelUnusableError`, `ConfigurationError` for a recording that cannot be read.
    """
    pcm = _telephone_speech(recording) if recording else b""
    artefact, no_corpus = _artefact(settings, subject.language)
    if subject.model is None:
        return _check_pocketsphinx(subject, artefact, no_corpus, pcm)
    return _check_vosk(subject, subject.model, artefact, no_corpus, pcm)


def _check_vosk(
    subject: Subject,
    model: VoskModelFolder,
    artefact: ModelArtefact | None,
    no_corpus: str,
    pcm: bytes,
) -> Checkup:
    vocabulary = read_vocabulary(model)
    grammar: tuple[str, ...] = ()
    if artefact is not None and model.takes_grammars:
        # Vosk leaves out words it does not know; a grammar of nothing but those would be none.
        asked = open_question_phrases(artefact)
        grammar = tuple(phrase for phrase in asked if not vocabulary.isdisjoint(phrase.split()))
    trial = Trial(
        engine=VOSK,
        model_folder=model.path,
        sample_rate_hz=model.sample_rate_hz,
        phrases=grammar,
        pcm=pcm,
    )
    return Checkup(
        subject=subject,
        vocabulary=len(vocabulary),
        gap=gap_between(expected_phrases(artefact), vocabulary) if artefact else None,
        no_corpus=no_corpus,
        result=run_trial(trial),
    )


def _check_pocketsphinx(
    subject: Subject, artefact: ModelArtefact | None, no_corpus: str, pcm: bytes
) -> Checkup:
    if artefact is None:
        raise ModelUnusableError(f"PocketSphinx hears with what training makes: {no_corpus}")
    known = dictionary_words(artefact.dictionary)
    trial = Trial(engine=POCKETSPHINX, artefact_folder=artefact.folder, pcm=pcm)
    return Checkup(
        subject=subject,
        vocabulary=len(known),
        gap=gap_between(expected_phrases(artefact), known),
        no_corpus="",
        result=run_trial(trial),
    )


def _artefact(settings: Settings, language: str) -> tuple[ModelArtefact | None, str]:
    try:
        return load_artefact(settings.models_folder, language), ""
    except ModelUnusableError as error:
        return None, str(error)


def _telephone_speech(recording: Path) -> bytes:
    """As a call brings it, with a moment of silence on both sides."""
    silence = bytes(int(_SILENCE_SECONDS * _TELEPHONE_BYTES_PER_SECOND))
    return silence + telephone_pcm(read_wav(recording)) + silence
