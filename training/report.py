"""What a training says about its model: figures with how they came about."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from training.corpus import thin_intents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from training.confusions import Confusions
    from training.corpus import Utterance
    from training.dictionary import DictionaryReport
    from training.evaluation import Evaluation
    from training.intent_trainer import TrainedModel, TrainerSettings
    from training.model_report import ModelReport

WORDS_SHOWN = 20

_METHOD = (
    "Out of fold: every utterance is judged by a model trained without it{speakers}. Penalty and"
    " temperature were chosen on the same predictions, which flatters log loss and calibration a"
    " little. Typed text; 'garbled' has errors at the word error rate named here, made as `garbled_by`"
    " says. Neither is recognised speech."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """Figures of one training; shares are 0..1, see `training.evaluation.Evaluation`.

    `thin_intents` have fewer than 40 utterances; `words_without_pronunciation` are never heard,
    `words_pronounced_by_rule` only if the rule was right (phones by word).
    """

    language: str
    method: str
    seed: int
    folds: int
    penalty: float
    temperature: float
    garbled_word_error_rate: float
    garbled_by: str
    utterances: int
    utterances_by_intent: Mapping[str, int]
    thin_intents: Mapping[str, int]
    words_without_pronunciation: tuple[str, ...]
    words_pronounced_by_rule: Mapping[str, tuple[str, ...]]
    out_of_fold_as_written: Evaluation
    out_of_fold_garbled: Evaluation


def training_report(
    utterances: Sequence[Utterance],
    language: str,
    model: TrainedModel,
    settings: TrainerSettings,
    dictionary: DictionaryReport | None,
    *,
    confusions: Confusions | None = None,
) -> TrainingReport:
    """Put a training's figures together."""
    speakers = " and without anything else its speaker wrote" if model.by_speaker else ""
    return TrainingReport(
        language=language,
        method=_METHOD.format(speakers=speakers),
        seed=settings.seed,
        folds=model.folds,
        penalty=model.penalty,
        temperature=model.parameters.temperature,
        garbled_word_error_rate=settings.word_error_rate,
        garbled_by=_garbled_by(confusions),
        utterances=len(utterances),
        utterances_by_intent=dict(sorted(Counter(said.intent for said in utterances).items())),
        thin_intents={str(intent): few for intent, few in thin_intents(utterances).items()},
        words_without_pronunciation=tuple(sorted(dictionary.missing)) if dictionary else (),
        words_pronounced_by_rule=dict(sorted(dictionary.by_rule.items())) if dictionary else {},
        out_of_fold_as_written=model.as_written,
        out_of_fold_garbled=model.garbled,
    )


def _garbled_by(confusions: Confusions | None) -> str:
    if confusions is None:
        return "a rule: words dropped, replaced and inserted at random"
    return f"confusions learnt from {confusions.sentences} sentences heard by {confusions.engine}"


def write_report(report: TrainingReport, path: Path, figures: ModelReport) -> None:
    """Write a report as JSON; `figures` are those of the page beside it."""
    document = asdict(report) | {"figures": asdict(figures)}
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def remarks_on_words(path: Path, dictionary: str) -> tuple[str, ...]:
    """What to tell whoever trained about words of the corpus that no dictionary has; often nothing.

    `path` is that of a written report, `dictionary` names the file in which to give pronunciations.
    """
    report = json.loads(path.read_text(encoding="utf-8"))
    by_rule: dict[str, list[str]] = report["words_pronounced_by_rule"]
    missing: list[str] = report["words_without_pronunciation"]
    remarks = []
    if by_rule:
        said = [f"{word} ({phones[0]})" for word, phones in by_rule.items()]
        remarks.append(
            f"words in no dictionary, pronounced by rule: {_shown(said)}; "
            f"where that is wrong, write it into {dictionary}"
        )
    if missing:
        remarks.append(
            f"words that will never be heard: {_shown(missing)}; write how they sound into {dictionary}"
        )
    return tuple(remarks)


def _shown(words: Sequence[str]) -> str:
    more = f", and {len(words) - WORDS_SHOWN} more" if len(words) > WORDS_SHOWN else ""
    return f"{len(words)}: {', '.join(words[:WORDS_SHOWN])}{more}"
