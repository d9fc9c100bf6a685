"""Has a corpus spoken and heard, and counts what was heard as what."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.models.recogniser_engine import EngineOptions, find_engine
from ivr.ports import GrammarName
from ivr.steering.text import spoken_words
from sternik.confusions.conditions import Line, spoken
from sternik.confusions.heard_file import Heard, HeardFile
from sternik.confusions.plan import SEED, plan_trials
from sternik.voices.telephone_line import gated
from training.build import build_ears
from training.confusions import Confusions, HeardUtterance, count_confusions
from training.corpus import read_corpus
from training.inputs import training_inputs
from training.progress import Progress, silent

if TYPE_CHECKING:
    from ivr.models.recogniser_engine import RecogniserDecoder
    from sternik.confusions.plan import Plan, Trial
    from training.sources import TrainingSources

BABBLE_SENTENCES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningSettings:
    """Who listens to how many sentences by which voices; `work` keeps what was heard so far."""

    engine: str
    language: str
    sentences: int
    voices: tuple[str, ...]
    work: Path
    speech_model: Path | None = None


def learn_confusions(
    sources: TrainingSources, settings: LearningSettings, progress: Progress = silent
) -> Confusions:
    """Speak, hear, align and count; about a second an utterance, on one core.

    May be interrupted at any time and goes on where it was. Raises `ConfigurationError` for a corpus
    or a voice that cannot be used, `ModelUnusableError` for an engine without its model.
    """
    utterances = read_corpus(sources.corpus, settings.language)
    plan = plan_trials(utterances, settings.voices, settings.sentences)
    engine = find_engine(settings.engine).describe(_options(settings, Path()))
    listener = f"{engine.engine} {engine.acoustic_model}"
    file = HeardFile(settings.work / _name_of(sources, settings, listener) / "heard.jsonl")
    known = file.read()
    with tempfile.TemporaryDirectory(prefix="sternik-confusions-") as folder:
        ears = _Ears(plan, sources, settings, Path(folder))
        for number, trial in enumerate(plan.trials):
            progress(f"{number} of {len(plan.trials)} heard", number / len(plan.trials))
            if trial.key not in known:
                known[trial.key] = ears.hear(trial)
                file.append(known[trial.key])
    progress(f"{len(plan.trials)} heard", 1.0)
    heard = [known[trial.key] for trial in plan.trials]
    return count_confusions(
        [HeardUtterance(said=one.said, heard=one.heard, condition=one.condition) for one in heard],
        engine=listener,
        language=settings.language,
        made_of=_made_of(sources, settings),
    )


class _Ears:
    """A line, and a decoder for each fold, made when they are first needed."""

    def __init__(
        self, plan: Plan, sources: TrainingSources, settings: LearningSettings, folder: Path
    ) -> None:
        self._plan = plan
        self._sources = sources
        self._settings = settings
        self._folder = folder
        self._line: Line | None = None
        self._decoders: dict[int, RecogniserDecoder] = {}

    def hear(self, trial: Trial) -> Heard:
        self._line = self._line or Line(self._babble(), SEED)
        speech = spoken(trial.text, trial.voice, trial.speed)
        arrived = self._line.carried(speech, trial.condition, trial.first_noise_sample)
        decoder = self._decoder(trial.fold)
        decoder.reset(GrammarName.OPEN_QUESTION)
        for frame in gated(arrived):
            decoder.feed(frame)
        final = decoder.finish()
        return Heard(
            key=trial.key,
            said=trial.text,
            heard=final.text,
            condition=trial.condition.name,
            voice=trial.voice,
            word_confidences=tuple(round(one, 3) for one in final.word_confidences),
        )

    def _babble(self) -> list[bytes]:
        voices = self._settings.voices
        texts = self._plan.sentences_by_fold[0][:BABBLE_SENTENCES]
        return [spoken(text, voices[n % len(voices)]) for n, text in enumerate(texts)]

    def _decoder(self, fold: int) -> RecogniserDecoder:
        if fold not in self._decoders:
            folder = self._folder / f"fold-{fold}"
            folder.mkdir()
            language = self._settings.language
            sentences = [
                " ".join(spoken_words(text, language))
                for text in self._plan.sentences_by_fold[fold]
            ]
            build_ears(sentences, {}, language, folder, self._sources)
            options = _options(self._settings, folder)
            self._decoders[fold] = find_engine(options.engine).load(options).build_decoder()
        return self._decoders[fold]


def _options(settings: LearningSettings, folder: Path) -> EngineOptions:
    return EngineOptions(
        engine=settings.engine,
        artefact_folder=folder,
        language=settings.language,
        language_model="without the speaker",
        acoustic_model_folder=settings.speech_model,
        threads=1,
    )


def _name_of(sources: TrainingSources, settings: LearningSettings, engine: str) -> str:
    """Of the folder for what was heard: another corpus, engine or set of voices starts anew."""
    corpus = training_inputs(sources)
    parts = [f"{name} {corpus[name]}" for name in sorted(corpus) if not name.startswith("code/")]
    parts += [engine, *settings.voices]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _made_of(sources: TrainingSources, settings: LearningSettings) -> str:
    files = " ".join(path.name for path in sources.corpus)
    return (
        f"sentences of {files} by {' '.join(settings.voices)}, 8 kHz mu-law, "
        "each heard with a language model made without its speaker"
    )
