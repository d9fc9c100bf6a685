"""Made-up answers of a model, for figures that can be reckoned by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ivr.steering.intents import OUT_OF_SCOPE, IntentId
from training.baselines import Baselines
from training.costs import DEFAULT_COSTS, cost_tables
from training.measures import Yardstick
from training.predictions import Predictions

LOST = IntentId("card_lost_or_stolen")
PIN = IntentId("pin")
INTENTS = (LOST, OUT_OF_SCOPE, PIN)


def answers(
    rows: Sequence[tuple[IntentId, IntentId, float]],
    groups: Sequence[str] = (),
    texts: Sequence[str] = (),
    intents: tuple[IntentId, ...] = INTENTS,
) -> Predictions:
    """Each row: what was meant, what is best, and its probability; the rest is shared evenly."""
    probabilities = np.zeros((len(rows), len(intents)))
    for row, (_, best, probability) in enumerate(rows):
        probabilities[row] = (1 - probability) / (len(intents) - 1)
        probabilities[row, intents.index(best)] = probability
    return Predictions(
        intents=intents,
        texts=tuple(texts) or tuple(f"sentence {row}" for row in range(len(rows))),
        groups=tuple(groups) or tuple(str(row) for row in range(len(rows))),
        labels=np.array([intents.index(meant) for meant, _, _ in rows], np.int64),
        probabilities=probabilities,
    )


def yardstick(intents: tuple[IntentId, ...] = INTENTS) -> Yardstick:
    return Yardstick(
        language="en",
        costs=cost_tables(DEFAULT_COSTS, intents, str),
        in_force=None,
        chosen=None,
        baselines=Baselines(majority=intents[-1], keywords={intents[0]: ("stolen",)}),
    )
