import pytest
from steering_examples import POLICY, STOLEN, classified

from ivr.steering.acceptance import Sureness, judge
from ivr.steering.routing import RouteRequest, route


@pytest.mark.parametrize(
    ("intent", "probability", "second", "sureness"),
    [
        ("branch", 0.55, 0.35, Sureness.ACCEPTED),
        ("branch", 0.54, 0.10, Sureness.UNSURE),
        ("branch", 0.55, 0.40, Sureness.UNSURE),
        ("branch", 0.90, 0.05, Sureness.SURE),
        ("branch", 0.90, 0.40, Sureness.ACCEPTED),
        (STOLEN, 0.45, 0.30, Sureness.ACCEPTED),
        ("out_of_scope", 0.99, 0.01, Sureness.UNSURE),
        ("no_rule", 0.90, 0.05, Sureness.SURE),
    ],
)
def test_probability_and_margin_must_both_reach_their_thresholds(
    intent: str, probability: float, second: float, sureness: Sureness
) -> None:
    assert judge(classified(intent, probability, second), POLICY).sureness is sureness


def test_value_just_below_its_threshold_is_not_written_as_if_it_had_reached_it() -> None:
    judgement = judge(classified("branch", 0.549), POLICY)
    assert "branch probability 0.549 < 0.55" in judgement.reasons


def test_route_without_anything_known_is_the_default_queue_and_says_so() -> None:
    destination = route(RouteRequest(), POLICY)
    assert destination.queue == "consultants"
    assert destination.reasons == ("no intent is known: default queue",)
