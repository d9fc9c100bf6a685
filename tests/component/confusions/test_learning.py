"""Three sentences through Flite, a noisy line and the real recogniser."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.errors import ConfigurationError
from sternik.cli import app
from sternik.confusions.conditions import (
    CONDITIONS,
    HELD_APART_VOICES,
    LEARNING_VOICES,
    Line,
    spoken,
)
from sternik.confusions.learning import LearningSettings, learn_confusions
from sternik.confusions.plan import plan_trials
from tests.unit.trainer.small_corpus import write_small_corpus
from training.confusions import read_confusions, write_confusions
from training.corpus import read_corpus
from training.sources import TrainingSources


def settings(work: Path, sentences: int) -> LearningSettings:
    return LearningSettings(
        engine="pocketsphinx", language="en", sentences=sentences, voices=("slt", "awb"), work=work
    )


def test_an_interrupted_learning_goes_on_and_its_counts_can_be_trained_with(
    tmp_path: Path,
) -> None:
    sources = TrainingSources(corpus=(write_small_corpus(tmp_path),))

    def interrupt(_step: str, done_share: float) -> None:
        if done_share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_confusions(sources, settings(tmp_path / "work", 3), interrupt)
    (kept,) = tmp_path.glob("work/*/heard.jsonl")
    first = kept.read_text()
    assert first.count("\n") == 1
    kept.write_text(first + '{"key": "cut o')  # as a kill in the middle of a line leaves it

    found = learn_confusions(sources, settings(tmp_path / "work", 3))
    assert kept.read_text().startswith(first)
    assert kept.read_text().count("\n") == 3
    assert found.sentences == 3
    assert found.engine.startswith("pocketsphinx 5")
    assert sum(found.utterances_by_error_rate) == 3
    write_confusions(found, tmp_path / "learnt.csv")
    assert read_confusions(tmp_path / "learnt.csv", "en").counts == found.counts


def test_a_language_model_never_saw_the_speakers_it_hears(tmp_path: Path) -> None:
    utterances = read_corpus([write_small_corpus(tmp_path)], "en")
    speakers = {one.text: one.speaker for one in utterances}
    plan = plan_trials(utterances, LEARNING_VOICES, len(utterances))
    assert len({trial.key for trial in plan.trials}) == len(utterances)
    for trial in plan.trials:
        seen = {speakers[text] for text in plan.sentences_by_fold[trial.fold]}
        assert speakers[trial.text] not in seen


def test_a_longer_plan_begins_like_a_shorter_one(tmp_path: Path) -> None:
    utterances = read_corpus([write_small_corpus(tmp_path)], "en")
    short, long = (plan_trials(utterances, ("slt",), count).trials for count in (5, 12))
    assert long[:5] == short


def test_noise_is_the_same_every_time_and_not_on_a_clean_line() -> None:
    speech = spoken("lost my card", "slt", 1.08)
    one, again = (Line([speech], seed=1) for _ in range(2))
    for condition in CONDITIONS:
        arrived = one.carried(speech, condition, 5)
        assert arrived == again.carried(speech, condition, 5)
        assert (arrived == one.carried(speech, condition, 999)) == (condition.kind is None)


@pytest.mark.parametrize("voice", HELD_APART_VOICES)
def test_voices_that_measure_hearing_are_refused(voice: str) -> None:
    assert voice not in LEARNING_VOICES
    result = CliRunner().invoke(app, ["confusions", "learn", "--voices", f"slt,{voice}"])
    assert isinstance(result.exception, ConfigurationError)
    assert voice in result.exception.problem


def test_a_voice_that_nobody_has_is_told() -> None:
    with pytest.raises(ConfigurationError, match="no voice is called 'bob'"):
        spoken("hello", "bob")
