from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from ivr.steering.intents import OUT_OF_SCOPE, IntentId
from ivr.steering.policy import Thresholds
from tests.unit.evaluation.answers import INTENTS, LOST, PIN, answers, yardstick
from training.confusion_picture import confusion_picture, ordered, worst_pairs
from training.costs import DEFAULT_COSTS
from training.measures import SetFigures, measure
from training.model_report import Latency, ModelFacts, ModelReport, report_json
from training.report_page import report_page
from training.thresholds import ThresholdTable


def figures_of(count: int) -> SetFigures:
    """Many intents, of which neighbours two apart are taken for each other."""
    intents = tuple(IntentId(f"intent_{number:02}") for number in range(count))
    rows = [(one, one, 0.9) for one in intents for _ in range(8)]
    for first in range(0, count - 2, 4):
        rows += [(intents[first], intents[first + 2], 0.7)] * 3
    return measure(answers(rows, intents=intents), yardstick(intents), name="test", about="made up")


@pytest.fixture(scope="module")
def report() -> ModelReport:
    said = answers(
        [(PIN, PIN, 0.9), (LOST, PIN, 0.8), (LOST, LOST, 0.7), (OUT_OF_SCOPE, OUT_OF_SCOPE, 0.6)],
        texts=["pin", "<script>alert('card')</script> one two three four five", "gone", "pizza"],
    )
    chosen = ThresholdTable(
        default=Thresholds(probability=0.6, margin=0.2),
        intents={LOST: Thresholds(probability=0.4, margin=0.1)},
    )
    return ModelReport(
        model=ModelFacts(
            version="en-1",
            language="en",
            created="2026-01-01T00:00:00+00:00",
            intents=len(INTENTS),
            training_sentences=4,
            classifier_bytes=10,
            artefact_bytes=20,
            latency=Latency(count=1, p50_ms=0.1, p95_ms=0.2, core_p95_ms=0.2),
        ),
        method="by hand",
        policy="first-ten",
        in_force=None,
        chosen=chosen,
        costs=DEFAULT_COSTS,
        sets=(measure(said, yardstick(), name="test & more", about="made up"),),
        comparisons=(),
        remarks=("a leak: 1 of 5 <sentences>",),
    )


@pytest.fixture(scope="module")
def page(report: ModelReport) -> str:
    return report_page(report)


def test_the_page_needs_neither_network_nor_script(page: str) -> None:
    assert "<script" not in page
    links = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)|url\(([^)]*)\)|@import""", page)
    assert all((first or second).startswith("#") for first, second in links)


def test_what_people_said_is_escaped_and_masked(report: ModelReport, page: str) -> None:
    assert "&lt;script&gt;alert(&#x27;card&#x27;)&lt;/script&gt; [number]" in page
    assert "one two three four five" not in page
    assert "one two three four five" not in report_json(report)
    assert "a leak: 1 of 5 &lt;sentences&gt;" in page


def test_pictures_are_well_formed_and_their_ids_unique(page: str) -> None:
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(pictures) == 5
    for picture in pictures:
        ET.fromstring(picture.replace("xlink:href", "href"))  # noqa: S314 (our own)
    ids = re.findall(r'\bid="([^"]+)"', "".join(pictures))
    assert len(ids) == len(set(ids))


def test_pictures_take_their_colours_from_the_page(page: str) -> None:
    pictures = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    assert set(re.findall(r"#[0-9a-f]{6}\b", pictures)) <= {"#000000", "#ffffff"}
    assert "var(--s1)" in pictures


def test_the_same_report_is_the_same_page(report: ModelReport, page: str) -> None:
    assert report_page(report) == page


def test_the_json_beside_the_page_says_the_same(report: ModelReport) -> None:
    written = json.loads(report_json(report))
    assert written["sets"][0]["accuracy"]["value"] == 0.75
    assert written["chosen"]["intents"][LOST] == {"probability": 0.4, "margin": 0.1}


def test_chosen_thresholds_are_shown_as_the_policy_is_written(page: str) -> None:
    assert "  acceptance: {probability: 0.60, margin: 0.20}" in page
    assert "  card_lost_or_stolen:\n    acceptance: {probability: 0.40, margin: 0.10}" in page


def test_intents_that_are_confused_stand_together_and_are_framed() -> None:
    matrix = np.diag([20] * 6)
    matrix[0, 4] = matrix[4, 0] = 8
    order, blocks = ordered(matrix)
    assert sorted(order) == list(range(6))
    assert abs(order.index(0) - order.index(4)) == 1
    ((first, end),) = blocks
    assert set(order[first:end]) == {0, 4}


@pytest.mark.parametrize("count", [30, 77])
def test_a_confusion_matrix_names_every_intent_and_fits_a_page(count: int) -> None:
    figures = figures_of(count)
    picture = ET.fromstring(confusion_picture(figures))  # noqa: S314 (our own)
    named = {
        text.text.strip() for text in picture.iter("text") if (text.text or "").startswith("i")
    }
    assert len(named) == count
    width = float(picture.attrib["viewBox"].split()[2])
    assert width <= 1040
    assert worst_pairs(figures)[0][2] == 3
