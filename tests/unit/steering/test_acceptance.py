import pytest
from steering_examples import POLICY, STOLEN, classified

from ivr.steering.acceptance import Sureness, judge
from ivr.steering.hearing import Hearing, hearing_of
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
    assert judge(classified(intent, probability, second), POLICY, Hearing()).sureness is sureness


def test_value_just_below_its_threshold_is_not_written_as_if_it_had_reached_it() -> None:
    judgement = judge(classified("branch", 0.549), POLICY, Hearing())
    assert "branch probability 0.549 < 0.55" in judgement.reasons


@pytest.mark.parametrize(
    ("words", "confidences", "sureness"),
    [
        ("where is [your] branch", (), Sureness.SURE),
        ("[the] [weather] is branch", (), Sureness.SURE),
        ("[the] [weather] [is] branch", (), Sureness.UNSURE),
        ("[unk]", (), Sureness.UNSURE),
        ("your branch", (0.9, 0.2), Sureness.SURE),
        ("your branch", (0.1, 0.2), Sureness.UNSURE),
        ("[your] branch", (0.9, 0.5), Sureness.UNSURE),
        ("your branch", (0.1,), Sureness.SURE),
    ],
)
def test_words_heard_badly_are_not_acted_on_however_sure_the_classifier_is(
    words: str, confidences: tuple[float, ...], sureness: Sureness
) -> None:
    hearing = hearing_of(words, confidences)
    assert judge(classified("branch", 0.95), POLICY, hearing).sureness is sureness


def test_the_reasons_say_what_was_heard_badly_and_none_of_the_words() -> None:
    hearing = hearing_of("[sunny] [weather] [today] branch", (0.9, 0.9, 0.9, 0.4))
    reasons = judge(classified("branch", 0.95), POLICY, hearing).reasons
    assert reasons[:2] == (
        "75% of the words were other speech, more than 50%",
        "words heard with confidence 0.100 < 0.30",
    )
    assert "branch probability 0.95 ≥ 0.55" in reasons
    assert not any("weather" in reason for reason in reasons)


def test_route_without_anything_known_is_the_default_queue_and_says_so() -> None:
    destination = route(RouteRequest(), POLICY)
    assert destination.queue == "consultants"
    assert destination.reasons == ("no intent is known: default queue",)
