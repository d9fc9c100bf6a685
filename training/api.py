"""Sternik's models from Python: load, train, evaluate, compare. The guide is docs/data-scientist.md.

from training import api

model = api.train(["corpus/en.csv"], "en", models_folder="models")
test = api.load_test(model, "held_out/en.csv")
report = api.evaluate(model, [test])
api.write(report, "report")
print(api.compare(model, api.load("models", "en", "en-20261101-0a1b2c3d"), test).words)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.artefact import REPORT, REPORT_PAGE, ModelArtefact, load_artefact, read_artefact
from ivr.models.intent_classifier import LinearIntentClassifier
from ivr.steering.intents import IntentId
from ivr.steering.text import normalise
from training.baselines import Baselines
from training.build import build_artefact
from training.comparison import Comparison, compare_predictions
from training.costs import DEFAULT_COSTS, Costs, cost_tables
from training.held_out import HeldOut, checked, read_heard_file, read_test_file
from training.measures import Yardstick, measure
from training.model_report import (
    ModelFacts,
    ModelReport,
    folder_bytes,
    measure_latency,
    report_json,
)
from training.predictions import Predictions, predict
from training.progress import Progress, silent
from training.report_page import report_page
from training.sources import TrainingSources
from training.thresholds import choose_thresholds, thresholds_in_force
from training.validation import load_baselines, load_validation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr.steering.policy import Policy
    from training.intent_trainer import TrainerSettings

__all__ = ["Model", "compare", "evaluate", "load", "load_heard", "load_test", "train", "write"]

_METHOD = (
    "Intervals are 95 %, by bootstrap of whole speakers. Thresholds and costs: chosen on out-of-fold"
    " predictions of the training corpus, never on the sentences shown here. Garbled text is random"
    " noise, not recognised speech."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A verified artefact and its classifier, as it would serve calls."""

    artefact: ModelArtefact
    classifier: LinearIntentClassifier

    @property
    def version(self) -> str:
        """Its name in the registry and in the records of calls."""
        return self.artefact.version

    @property
    def language(self) -> str:
        """Two letters."""
        return self.artefact.manifest.language

    @property
    def intents(self) -> tuple[IntentId, ...]:
        """Everything it can answer, in alphabetical order."""
        return tuple(sorted(map(IntentId, self.artefact.manifest.intents)))

    @cached_property
    def training_sentences(self) -> tuple[str, ...]:
        """What it was trained on, normalised, each once."""
        lines = self.artefact.phrases.read_text(encoding="utf-8").splitlines()
        return tuple(dict.fromkeys(normalise(line, self.language) for line in lines))

    def predict(self, held_out: HeldOut) -> Predictions:
        """Have a test set classified, sentence by sentence, as in a call."""
        return predict(self.classifier, self.intents, held_out.cases)


def load(models_folder: Path | str, language: str, version: str = "") -> Model:
    """A trained model: the one in service, or a version. Raises `ModelUnusableError`."""
    root = Path(models_folder)
    if version:
        if Path(version).name != version or not (root / language / version).is_dir():
            raise ModelUnusableError(
                f"no model {version!r} in {root / language}; see `sternik model list`"
            )
        artefact = read_artefact(root / language / version)
    else:
        artefact = load_artefact(root, language)
    return Model(artefact=artefact, classifier=LinearIntentClassifier.load(artefact))


def train(
    corpus: Sequence[Path | str] | TrainingSources,
    language: str,
    *,
    models_folder: Path | str,
    settings: TrainerSettings | None = None,
    progress: Progress = silent,
) -> Model:
    """Train on corpus files and keep the model below `models_folder`, reports included.

    Raises `ConfigurationError` for a corpus that cannot be used; nothing is written then.
    """
    if not isinstance(corpus, TrainingSources):
        corpus = TrainingSources(corpus=tuple(map(Path, corpus)))
    artefact = build_artefact(
        sources=corpus,
        language=language,
        root=Path(models_folder),
        settings=settings,
        progress=progress,
    )
    return Model(artefact=artefact, classifier=LinearIntentClassifier.load(artefact))


def load_test(model: Model, file: Path | str) -> HeldOut:
    """A test file in the corpus's format, without sentences that the model was trained on.

    What was left out stands in the set's `remarks`. Raises `ConfigurationError` for a bad row, an
    intent that the model lacks, or when nothing is left.
    """
    return _checked(model, read_test_file(Path(file), model.language))


def load_heard(model: Model, file: Path | str) -> HeldOut:
    """Recognised speech: CSV or JSONL with text, heard, intent and voice; checked as `load_test`."""
    return _checked(model, read_heard_file(Path(file)))


def evaluate(
    model: Model,
    held_out: Sequence[HeldOut],
    *,
    policy: Policy | None = None,
    costs: Costs = DEFAULT_COSTS,
    against: Model | None = None,
    progress: Progress = silent,
) -> ModelReport:
    """Judge a model on test sets; the first one is shown in most detail.

    `policy` brings the thresholds in force and says which topics share a queue. `against` is another
    model, usually the one in service, for a paired test on every set.
    """
    if not held_out:
        raise ConfigurationError("nothing to evaluate on", advice="give at least one test file")
    by = _yardstick(model, policy, costs)
    sets, comparisons, remarks = [], [], list(_model_remarks(by))
    for number, one in enumerate(held_out):
        progress(f"judging {one.name}", number / len(held_out))
        predictions = model.predict(one)
        sets.append(measure(predictions, by, name=one.name, about=one.about))
        remarks += one.remarks
        if against is not None:
            remarks += _remarks_against(against, one)
            comparisons.append(_compared(model, against, one, predictions))
    progress("judged", 1.0)
    return ModelReport(
        model=_facts(model, held_out[0]),
        method=_METHOD,
        policy=policy.version if policy else "",
        in_force=by.in_force,
        chosen=by.chosen,
        costs=costs,
        sets=tuple(sets),
        comparisons=tuple(comparisons),
        remarks=tuple(dict.fromkeys(remarks)),
    )


def compare(new: Model, old: Model, held_out: HeldOut) -> Comparison:
    """Better, worse, or can't tell: two models on the same sentences, paired."""
    return _compared(new, old, held_out, new.predict(held_out))


def write(report: ModelReport, folder: Path | str) -> Path:
    """Write `report.html` and `report.json`; gives the page's path. Needs no network to be read."""
    home = Path(folder)
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / REPORT).write_text(report_json(report), encoding="utf-8")
        page = home / REPORT_PAGE
        page.write_text(report_page(report), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"the report cannot be written ({error.strerror})",
            advice="give a folder that this user may write to",
            where=str(home),
        ) from error
    return page


def _checked(model: Model, held_out: HeldOut) -> HeldOut:
    known = frozenset(model.training_sentences)
    return checked(held_out, model.intents, known, model.language)


def _yardstick(model: Model, policy: Policy | None, costs: Costs) -> Yardstick:
    tables = cost_tables(
        costs,
        model.intents,
        (lambda intent: policy.rule_for(intent).target.queue) if policy else str,
    )
    validation = load_validation(model.artefact)
    return Yardstick(
        language=model.language,
        costs=tables,
        in_force=thresholds_in_force(policy) if policy else None,
        chosen=choose_thresholds(validation, tables) if validation else None,
        baselines=_baselines(model),
    )


def _baselines(model: Model) -> Baselines | None:
    return load_baselines(model.artefact)


def _model_remarks(by: Yardstick) -> tuple[str, ...]:
    if by.chosen is not None:
        return ()
    return ("this model was trained without keeping its out-of-fold predictions: no thresholds",)


def _remarks_against(old: Model, held_out: HeldOut) -> tuple[str, ...]:
    trained_on = frozenset(old.training_sentences)
    leaks = sum(
        normalise(case.said or case.text, old.language) in trained_on for case in held_out.cases
    )
    unknown = sorted({case.intent for case in held_out.cases} - set(old.intents))
    remarks = []
    if leaks:
        remarks.append(
            f"{old.version} was trained on {leaks} of the sentences of {held_out.name}:"
            " that flatters it in the comparison"
        )
    if unknown:
        remarks.append(
            f"{old.version} has no {', '.join(unknown)}: it cannot be right there, and the comparison"
            " counts that"
        )
    return tuple(remarks)


def _compared(new: Model, old: Model, held_out: HeldOut, predictions: Predictions) -> Comparison:
    return compare_predictions(
        predictions,
        old.predict(held_out),
        on=held_out.name,
        new_name=new.version,
        old_name=old.version,
    )


def _facts(model: Model, held_out: HeldOut) -> ModelFacts:
    folder = model.artefact.folder
    return ModelFacts(
        version=model.version,
        language=model.language,
        created=model.artefact.manifest.created,
        intents=len(model.intents),
        training_sentences=len(model.training_sentences),
        classifier_bytes=folder_bytes(folder, "classifier"),
        artefact_bytes=folder_bytes(folder),
        latency=measure_latency(model.classifier, [case.text for case in held_out.cases]),
    )
