"""The report of a training as a page: out-of-fold figures, without anything that differs by run.

It is a file of the artefact, and the same inputs give the same artefact: so there is no time in it and
no policy. `sternik evaluate` adds both, and sentences that training never saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.baselines import Baselines, find_baselines
from training.costs import DEFAULT_COSTS, cost_tables
from training.measures import Yardstick, measure
from training.model_report import ModelFacts, ModelReport
from training.thresholds import choose_thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.corpus import Utterance
    from training.intent_trainer import TrainedModel

_METHOD = (
    "Out of fold: each sentence was judged by a model trained without it. Settings, temperature and the"
    " thresholds proposed here were chosen on the same predictions, which flatters them a little, and"
    " keywords were learned from all sentences. Garbled text is random noise, not recognised speech."
    " For figures on sentences that training never saw, with times and the thresholds in force: sternik"
    " evaluate."
)


def baselines_of(model: TrainedModel) -> Baselines:
    """What could be had without a model."""
    out_of_fold = model.out_of_fold
    return find_baselines(
        out_of_fold.texts, [out_of_fold.intents[label] for label in out_of_fold.labels]
    )


def out_of_fold_report(
    utterances: Sequence[Utterance], language: str, model: TrainedModel, baselines: Baselines
) -> ModelReport:
    """Figures of a training that has just ended."""
    as_written, garbled = model.out_of_fold.predictions()
    tables = cost_tables(DEFAULT_COSTS, as_written.intents, str)
    chosen = choose_thresholds((as_written, garbled), tables)
    by = Yardstick(
        language=language, costs=tables, in_force=None, chosen=chosen, baselines=baselines
    )
    about = (
        f"{model.folds} folds, speakers kept apart" if model.by_speaker else f"{model.folds} folds"
    )
    return ModelReport(
        model=ModelFacts(
            version="",
            language=language,
            created="",
            intents=len(as_written.intents),
            training_sentences=len(utterances),
            classifier_bytes=0,
            artefact_bytes=0,
            latency=None,
        ),
        method=_METHOD,
        policy="",
        in_force=None,
        chosen=chosen,
        costs=DEFAULT_COSTS,
        sets=(
            measure(as_written, by, name="out of fold", about=f"{about}, as written"),
            measure(garbled, by, name="out of fold, garbled", about="the same, words garbled"),
        ),
        comparisons=(),
        remarks=()
        if model.by_speaker
        else ("speakers could not be kept apart: figures flatter, for people repeat themselves",),
    )
