"""What mistakes cost callers, so that thresholds can be chosen by it.

The unit is one more question: some ten seconds of a caller's time. The steering policy has no costs;
these are ours, argued below, and a bank that knows better gives its own file (`read_costs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from ivr.steering.intents import OUT_OF_SCOPE, IntentId
from ivr.yaml_file import WrittenModel, read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

_WRONG_ROUTE_OF = {
    # While the wrong queue plays music a thief spends: nothing costs more.
    IntentId("card_lost_or_stolen"): 20.0,
    IntentId("fraud_alert"): 15.0,
    # Money or papers are in the wrong hands and may still be stopped.
    IntentId("wrong_transfer"): 8.0,
    IntentId("lost_document"): 8.0,
}

# Seconds cost money here too, and callers who are frightened hang up.
_QUESTION_OF = {IntentId("card_lost_or_stolen"): 3.0, IntentId("fraud_alert"): 3.0}

Cost = Annotated[float, Field(ge=0, le=1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Costs in questions. What was *meant* decides: a lost card sent to mortgages costs a lost card.

    `question`: asking again; `question_of` replaces it by intent. `wrong_route`: the wrong queue, whose
    agent transfers the call (a second wait); `wrong_route_of` replaces it by intent. `same_queue`: the
    wrong topic on the right agent's screen. `out_of_scope_routed`: an agent has to say that the bank
    does not do that. Asking again where something out of scope was said is right, and costs nothing.
    """

    question: float = 1.0
    same_queue: float = 1.0
    out_of_scope_routed: float = 3.0
    wrong_route: float = 5.0
    question_of: Mapping[IntentId, float] = field(default_factory=lambda: dict(_QUESTION_OF))
    wrong_route_of: Mapping[IntentId, float] = field(default_factory=lambda: dict(_WRONG_ROUTE_OF))


DEFAULT_COSTS = Costs()


class _CostsFile(WrittenModel):
    question: Cost = DEFAULT_COSTS.question
    same_queue: Cost = DEFAULT_COSTS.same_queue
    out_of_scope_routed: Cost = DEFAULT_COSTS.out_of_scope_routed
    wrong_route: Cost = DEFAULT_COSTS.wrong_route
    question_of: dict[str, Cost] = Field(default_factory=dict)
    wrong_route_of: dict[str, Cost] = Field(default_factory=dict)


def read_costs(path: Path) -> Costs:
    """Costs of a YAML file with the fields of `Costs`; raises `ConfigurationError` with the line.

    What is not given is as by default, except that `question_of` and `wrong_route_of` then have no
    intents.
    """
    written = read_yaml(path).check(_CostsFile)
    return Costs(
        question=written.question,
        same_queue=written.same_queue,
        out_of_scope_routed=written.out_of_scope_routed,
        wrong_route=written.wrong_route,
        question_of={IntentId(name): cost for name, cost in written.question_of.items()},
        wrong_route_of={IntentId(name): cost for name, cost in written.wrong_route_of.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CostTables:
    """Costs by columns: `routed` (n_intents meant, n_intents taken), `asked` (n_intents meant,)."""

    routed: npt.NDArray[np.float64]
    asked: npt.NDArray[np.float64]


def cost_tables(
    costs: Costs, intents: Sequence[IntentId], queue_of: Callable[[IntentId], str]
) -> CostTables:
    """Spread costs over pairs of intents; `queue_of` says where an intent's calls go."""
    queues = [queue_of(intent) for intent in intents]
    routed = np.array(
        [
            [
                _routed(costs, meant, taken, same=queues[row] == queues[column])
                for column, taken in enumerate(intents)
            ]
            for row, meant in enumerate(intents)
        ]
    )
    asked = np.array(
        [
            0.0 if meant == OUT_OF_SCOPE else costs.question_of.get(meant, costs.question)
            for meant in intents
        ]
    )
    return CostTables(routed=routed, asked=asked)


def _routed(costs: Costs, meant: IntentId, taken: IntentId, *, same: bool) -> float:
    if meant == taken:
        return 0.0
    if meant == OUT_OF_SCOPE:
        return costs.out_of_scope_routed
    return costs.same_queue if same else costs.wrong_route_of.get(meant, costs.wrong_route)
