"""Thresholds by what mistakes cost: those in force weighed, and better ones chosen on validation.

Chosen are the pair for all intents that costs least on out-of-fold predictions (as written and garbled
together), and pairs of single intents where they save something. Few sentences would choose wildly, so
a single intent is chosen as if it had 50 sentences more that behave like all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ivr.steering.policy import Thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ivr.steering.intents import IntentId
    from ivr.steering.policy import Policy
    from training.costs import CostTables
    from training.predictions import Predictions

PROBABILITIES = tuple(round(0.2 + 0.05 * step, 2) for step in range(14))
MARGINS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
# Up to 0.85 and 0.5: the policy's `early` must be no lower than what is accepted.
_LIKE_ALL_OTHERS = 50
_WORTH_A_RULE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdTable:
    """What it takes to route: `default`, and the intents that differ. Out of scope is never routed."""

    default: Thresholds
    intents: Mapping[IntentId, Thresholds]

    def of(self, intent: IntentId) -> Thresholds:
        """What this intent must reach."""
        return self.intents.get(intent, self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What thresholds do to callers; shares 0..1 of all sentences, `cost` in questions a sentence.

    `right_share` and `wrong_share` are routed, `asked_share` are asked again although in scope,
    `refused_share` are out of scope and rightly asked again.
    """

    cost: float
    right_share: float
    wrong_share: float
    asked_share: float
    refused_share: float


def thresholds_in_force(policy: Policy) -> ThresholdTable:
    """Those of the steering policy."""
    default = policy.default_rule.acceptance
    rules = {intent: rule.acceptance for intent, rule in policy.intents.items()}
    return ThresholdTable(
        default=default, intents={name: of for name, of in rules.items() if of != default}
    )


def handle(predictions: Predictions, table: ThresholdTable, costs: CostTables) -> Handling:
    """What happens to the callers who said these sentences."""
    best, labels = predictions.best, predictions.labels
    needed = [table.of(intent) for intent in predictions.intents]
    probability = np.array([one.probability for one in needed])[best]
    margin = np.array([one.margin for one in needed])[best]
    outside = predictions.out_of_scope_column
    routed = (predictions.confidence >= probability) & (predictions.margin >= margin)
    routed &= best != outside
    right = best == labels
    return Handling(
        cost=float(np.where(routed, costs.routed[labels, best], costs.asked[labels]).mean()),
        right_share=float((routed & right).mean()),
        wrong_share=float((routed & ~right).mean()),
        asked_share=float((~routed & (labels != outside)).mean()),
        refused_share=float((~routed & (labels == outside)).mean()),
    )


def choose_thresholds(validation: Sequence[Predictions], costs: CostTables) -> ThresholdTable:
    """The cheapest thresholds on predictions of one model, in the grid above."""
    intents = validation[0].intents
    surfaces = sum(_cost_by_best(one, costs) for one in validation)
    assert not isinstance(surfaces, int)  # noqa: S101 (there is at least one)
    counts = sum(np.bincount(one.best, minlength=len(intents)) for one in validation)
    total = surfaces.sum(axis=0)
    default = _cheapest(total)
    outside = validation[0].out_of_scope_column
    chosen = {}
    for column, intent in enumerate(intents):
        own = surfaces[column]
        at = _cheapest(own + _LIKE_ALL_OTHERS * total / np.sum(counts))
        if column != outside and own[default] - own[at] >= _WORTH_A_RULE:
            chosen[intent] = _thresholds(at)
    return ThresholdTable(default=_thresholds(default), intents=chosen)


def cost_curve(
    predictions: Predictions, margin: float, costs: CostTables
) -> tuple[tuple[float, float], ...]:
    """Pairs of one probability for all intents and the cost of a sentence, at one margin."""
    tables = (
        ThresholdTable(default=Thresholds(probability=each, margin=margin), intents={})
        for each in PROBABILITIES
    )
    handlings = (handle(predictions, table, costs).cost for table in tables)
    return tuple(zip(PROBABILITIES, handlings, strict=True))


def _cost_by_best(predictions: Predictions, costs: CostTables) -> npt.NDArray[np.float64]:
    """Summed cost by best intent, probability and margin: (n_intents, n_probabilities, n_margins)."""
    best, labels = predictions.best, predictions.labels
    if_routed, if_asked = costs.routed[labels, best], costs.asked[labels]
    outside = best == predictions.out_of_scope_column
    sums = np.zeros((len(predictions.intents), len(PROBABILITIES), len(MARGINS)))
    for row, probability in enumerate(PROBABILITIES):
        for column, margin in enumerate(MARGINS):
            routed = (predictions.confidence >= probability) & (predictions.margin >= margin)
            cost = np.where(routed & ~outside, if_routed, if_asked)
            sums[:, row, column] = np.bincount(best, weights=cost, minlength=len(sums))
    return sums


def _cheapest(surface: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Indices of the least cost; of equal ones the surest, for then a person is asked."""
    near = np.argwhere(surface <= surface.min() + 1e-9)
    row, column = near[-1]
    return int(row), int(column)


def _thresholds(at: tuple[int, int]) -> Thresholds:
    return Thresholds(probability=PROBABILITIES[at[0]], margin=MARGINS[at[1]])
