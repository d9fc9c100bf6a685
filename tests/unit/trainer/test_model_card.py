from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.steering.intents import IntentId
from tests.unit.trainer.small_corpus import write_small_corpus
from training.build import build_artefact
from training.evaluation import Confusion, Evaluation
from training.model_card import ModelOrigin, model_card
from training.report import TrainingReport
from training.sources import TrainingSources

ORIGIN = ModelOrigin(
    language="pl",
    content="0123456789abcdef",
    corpus="fedcba",
    corpus_files=("pl.csv", "pl-branches.csv"),
    normalisation=2,
    libraries={"numpy": "2.4"},
)
FIGURES = Evaluation(
    count=10,
    accuracy=0.7,
    macro_f1=0.71234,
    log_loss=0.5,
    calibration_error=0.02,
    out_of_scope_auroc=None,
    confusions=(
        Confusion(said=IntentId("pin"), understood=IntentId("mortgage"), count=2),
        Confusion(said=IntentId("mortgage"), understood=IntentId("pin"), count=1),
    ),
    acceptance=(),
)
REPORT = TrainingReport(
    garbled_by="a rule",
    language="pl",
    method="Out of fold.",
    seed=7,
    folds=4,
    penalty=30.0,
    temperature=0.75,
    garbled_word_error_rate=0.15,
    utterances=10,
    utterances_by_intent={"mortgage": 4, "pin": 6},
    thin_intents={"pin": 6},
    words_without_pronunciation=("xyzzy",),
    words_pronounced_by_rule={},
    out_of_fold_as_written=FIGURES,
    out_of_fold_garbled=replace(FIGURES, confusions=(), accuracy=1.0),
)


def cells(card: str, first: str) -> list[str]:
    row = re.findall(rf"^\| {first} \|(.*)\|$", card, re.MULTILINE)[0]
    return [cell.strip() for cell in row.split("|")]


def test_the_card_has_recall_and_precision_of_each_intent() -> None:
    card = model_card(REPORT, ORIGIN)
    assert cells(card, "pin") == ["6", "66.7 %", "80.0 %", "100.0 %", "100.0 %"]
    assert cells(card, "mortgage") == ["4", "75.0 %", "60.0 %", "100.0 %", "100.0 %"]


def test_the_card_says_of_what_the_model_is_and_where_it_is_weak() -> None:
    card = model_card(REPORT, ORIGIN)
    for said in (
        "# Model card: Polish call steering, 01234567",
        "10 sentences in 2 intents, from `pl.csv`, `pl-branches.csv`",
        "Few sentences: pin (6).",
        "nothing out of scope",
        "never hear 1 words",
        "Seed 7, 4 folds, penalty 30",
        "numpy 2.4",
        "0123456789abcdef",
    ):
        assert said in card
    assert cells(card, "AUROC of out of scope") == ["n/a", "n/a"]


@pytest.mark.parametrize(
    "heading",
    [
        *("Intended use", "Corpus", "Figures", "Intents", "Most frequent confusions"),
        *("Thresholds", "Limits", "How to make it again"),
    ],
)
def test_the_card_has_every_section(heading: str) -> None:
    assert f"\n## {heading}\n\n" in model_card(REPORT, ORIGIN)


def test_a_trained_artefact_carries_its_card_and_promises_its_hash(tmp_path: Path) -> None:
    sources = TrainingSources(corpus=(write_small_corpus(tmp_path),))
    built = build_artefact(sources=sources, language="en", root=tmp_path / "models")
    manifest = built.manifest
    assert "MODEL_CARD.md" in manifest.files
    assert manifest.content[:8] in built.model_card.read_text("utf-8")
    assert cells(built.model_card.read_text("utf-8"), "pin")[0] == "6"
    assert manifest.seeds == {"training": 7}
    assert manifest.utterances == 18
    assert manifest.hearing["language_model"] == "open_question.arpa"
    assert set(manifest.libraries) == {"python", "numpy", "scipy", "scikit-learn"}
