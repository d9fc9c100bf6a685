"""What the hearing benchmark heard of BANKING77's test sentences, understood by this run's models."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hearing_trials import Condition, ModelName
from ivr.models.classifier_parameters import ClassifierParameters
from ivr.models.intent_classifier import LinearIntentClassifier

HEARD = "hearing-pocketsphinx.json"
MATERIAL = "BANKING77 test"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenFigures:
    """Of the same `sentences`, shares (0..1) of intents right: as text, and as heard on a line."""

    kind: str
    condition: str
    sentences: int
    as_text: float
    as_heard: float


def spoken_figures(
    kind: str, parameters: ClassifierParameters, results: Path
) -> list[SpokenFigures]:
    """Ask the model what it makes of words that a recogniser wrote down earlier.

    `results` is the folder where `benchmarks hearing` left its JSON; raises `FileNotFoundError`.
    """
    heard = [
        one
        for one in json.loads((results / HEARD).read_text("utf-8"))["utterances"]
        if one["trial"]["model"] == ModelName.BANKING77 and one["trial"]["material"] == MATERIAL
    ]
    classifier = LinearIntentClassifier(parameters, version="benchmark")
    found = []
    for condition in Condition:
        group = [one for one in heard if one["trial"]["condition"] == condition]
        if group:
            found.append(
                SpokenFigures(
                    kind=kind,
                    condition=condition,
                    sentences=len(group),
                    as_text=_right(classifier, [(o["trial"]["text"], o) for o in group]),
                    as_heard=_right(classifier, [(o["words"], o) for o in group]),
                )
            )
    return found


def _right(
    classifier: LinearIntentClassifier, asked: list[tuple[str, dict[str, dict[str, str]]]]
) -> float:
    return statistics.fmean(
        classifier.classify(words).best.intent == one["trial"]["intent"] for words, one in asked
    )
