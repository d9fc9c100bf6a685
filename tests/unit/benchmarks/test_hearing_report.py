from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from benchmarks.hearing_report import refused_at, threshold_table
from benchmarks.hearing_trials import Condition, Heard, ModelName, Trial
from ivr.steering.intents import OUT_OF_SCOPE

HEARD = Heard(
    trial=Trial(
        model=ModelName.BANKING77,
        material="questions",
        voice="rms",
        condition=Condition.CLEAN,
        text="Where is my card?",
        words="where is my card",
        intent="card_arrival",
        recording="",
    ),
    words="where is my card",
    best_intent="card_arrival",
    probability=0.5,
    margin=0.15,
    badly_heard=False,
    refused=True,
    gated_seconds=1.0,
    core_seconds=0.1,
    final_seconds=0.01,
)


@pytest.mark.parametrize(
    ("heard", "probability", "margin", "refused"),
    [
        (HEARD, 0.5, 0.15, False),
        (HEARD, 0.51, 0.15, True),
        (HEARD, 0.5, 0.16, True),
        (replace(HEARD, badly_heard=True), 0.0, 0.0, True),
        (replace(HEARD, best_intent=OUT_OF_SCOPE, probability=1.0, margin=1.0), 0.0, 0.0, True),
    ],
)
def test_doubt_of_any_kind_refuses(
    heard: Heard, probability: float, margin: float, refused: bool
) -> None:
    assert refused_at(heard, probability, margin) is refused


def test_the_table_counts_refused_and_routed_wrongly_on_a_clean_line_only() -> None:
    wrong = replace(HEARD, best_intent="pin", probability=0.45)
    noisy = replace(HEARD, trial=replace(HEARD.trial, condition=Condition.NOISE_20_DB))
    console = Console(file=io.StringIO(), width=120)
    console.print(threshold_table([HEARD, HEARD, HEARD, wrong, noisy]))
    assert isinstance(console.file, io.StringIO)
    rows = [line for line in console.file.getvalue().splitlines() if "BANKING77" in line]
    assert [row.split("│")[3].strip() for row in rows] == [
        "100.0 (0.0)",
        "0.0 (25.0)",
        "0.0 (25.0)",
        "0.0 (25.0)",
    ]
