"""One process of the hearing benchmark: decoders, classifiers and the policy, trial by trial."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.hearing_engines import Engine, build_decoder
from benchmarks.hearing_trials import NOISE_ALONE, Heard, ModelName, Trial
from benchmarks.speech_material import (
    LEVEL_DBOV,
    Noises,
    SpeechCache,
    at_level,
    gated,
    on_the_line,
    read_speech,
    through_mu_law,
)
from ivr.models.artefact import load_artefact
from ivr.models.intent_classifier import LinearIntentClassifier
from ivr.policy_file import read_policy
from ivr.ports import FRAME_BYTES, FRAME_MS, FinalWords, GrammarName
from ivr.steering.acceptance import Sureness, judge
from ivr.steering.hearing import faults, hearing_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ivr.models.recogniser_engine import RecogniserDecoder
    from ivr.steering.policy import Policy

POLICY = Path("dialplan/steering.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Everything a process needs; `models` are the roots that artefacts were trained into."""

    engine: Engine
    speech_model: Path | None
    models: Mapping[ModelName, Path]
    speech: Path
    noises: Sequence[Path]
    test_noises: Sequence[Path]


class Listener:
    """Hears trials one after the other; builds decoders when first asked for."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._speech = SpeechCache(setting.speech)
        self._all_noises = Noises(setting.noises)
        self._noises = Noises(setting.test_noises)
        self._ears: dict[ModelName, Ears] = {}

    def hear(self, trial: Trial) -> Heard:
        """Listen to one trial as to one call and weigh what was heard."""
        if trial.model not in self._ears:
            self._ears[trial.model] = Ears.of(self._setting, trial.model)
        return self._ears[trial.model].hear(trial, list(gated(self.sound(trial))))

    def sound(self, trial: Trial) -> bytes:
        """What arrives at Sternik."""
        snr_db = trial.condition.snr_db
        if trial.voice == NOISE_ALONE:
            assert snr_db is not None
            noise = self._all_noises.samples(trial.recording)
            return through_mu_law(at_level(noise, LEVEL_DBOV - snr_db))
        recording = Path(trial.recording)
        speech = read_speech(recording) if trial.recording else self._speech.pcm(trial.spoken)
        if snr_db is None:
            return on_the_line(speech)
        name, first = self._noises.pick(trial.spoken)
        noise = self._noises.samples(name)
        return on_the_line(speech, np.roll(noise, -first), snr_db=snr_db)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """A decoder and the classifier that belongs to it."""

    decoder: RecogniserDecoder
    classifier: LinearIntentClassifier
    policy: Policy = field(default_factory=lambda: read_policy(POLICY))

    @classmethod
    def of(cls, setting: Setting, model: ModelName) -> Ears:
        """The ears of a trained model."""
        artefact = load_artefact(setting.models[model], "en")
        return cls(
            decoder=build_decoder(setting.engine, artefact, setting.speech_model),
            classifier=LinearIntentClassifier.load(artefact),
        )

    def hear(self, trial: Trial, frames: Sequence[bytes]) -> Heard:
        """Decode gated frames and judge the words by the shipped policy's thresholds."""
        self.decoder.reset(GrammarName.OPEN_QUESTION)
        core_before = time.process_time()
        for frame in frames:
            self.decoder.feed(frame)
        ended = time.perf_counter()
        final = self.decoder.finish()
        final_seconds = time.perf_counter() - ended
        return self._weighed(
            trial,
            final,
            gated_seconds=sum(map(len, frames)) / FRAME_BYTES * FRAME_MS / 1000,
            core_seconds=time.process_time() - core_before,
            final_seconds=final_seconds,
        )

    def _weighed(self, trial: Trial, final: FinalWords, **times: float) -> Heard:
        if not final.text:
            return _nothing_heard(trial, **times)
        classification = self.classifier.classify(final.text)
        hearing = hearing_of(final.text, final.word_confidences)
        return Heard(
            trial=trial,
            words=final.text.replace("[", "").replace("]", ""),
            best_intent=classification.best.intent,
            probability=classification.best.probability,
            margin=classification.margin,
            badly_heard=bool(faults(hearing, self.policy.hearing)),
            refused=judge(classification, self.policy, hearing).sureness is Sureness.UNSURE,
            **times,
        )


def _nothing_heard(trial: Trial, **times: float) -> Heard:
    return Heard(
        trial=trial,
        words="",
        best_intent="",
        probability=0.0,
        margin=0.0,
        badly_heard=True,
        refused=True,
        **times,
    )
