from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivr.errors import ConfigurationError
from ivr.steering.intents import OUT_OF_SCOPE
from ivr.steering.policy import Thresholds
from tests.unit.evaluation.answers import INTENTS, LOST, PIN, answers, yardstick
from training.baselines import find_baselines
from training.comparison import Verdict, compare_predictions
from training.costs import DEFAULT_COSTS, cost_tables, read_costs
from training.intervals import Resampling, mcnemar_p
from training.measures import measure
from training.thresholds import ThresholdTable, choose_thresholds, handle

COSTS = cost_tables(DEFAULT_COSTS, INTENTS, str)


def test_an_interval_holds_its_value_and_narrows_with_more_sentences() -> None:
    few, many = (
        Resampling([str(row) for row in range(count)]).mean(np.arange(count) % 5 > 0)
        for count in (50, 5000)
    )
    assert few.low < few.value == many.value == 0.8 < few.high
    assert many.high - many.low < (few.high - few.low) / 5
    # A share of 0.8 has a standard error of 0.0566 at 50 sentences.
    assert few.high - few.low == pytest.approx(2 * 1.96 * 0.0566, rel=0.15)


def test_speakers_who_are_alike_widen_the_interval() -> None:
    right = np.repeat(np.arange(20) % 2 == 0, 50)
    alone = Resampling([str(row) for row in range(1000)]).mean(right)
    by_speaker = Resampling([str(row // 50) for row in range(1000)]).mean(right)
    assert by_speaker.high - by_speaker.low > 4 * (alone.high - alone.low)


def test_few_groups_are_not_drawn_as_groups() -> None:
    resampling = Resampling(["a", "b"] * 20)
    assert (resampling.by_group, resampling.units) == (False, 40)


def test_macro_f1_counts_only_intents_that_were_meant() -> None:
    labels, best = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    found = Resampling(["a", "b", "c", "d"]).macro_f1(labels, best, 3)
    assert found.value == pytest.approx((2 / 3 + 1) / 2)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"), [(10, 2, 0.03857), (0, 0, 1.0), (3, 0, 0.25)]
)
def test_mcnemar_is_exact(only_first: int, only_second: int, p: float) -> None:
    assert mcnemar_p(only_first, only_second) == pytest.approx(p, abs=1e-5)


@pytest.mark.parametrize(
    ("wrong_of_new", "wrong_of_old", "verdict"),
    [(5, 40, Verdict.BETTER), (40, 5, Verdict.WORSE), (20, 22, Verdict.CANNOT_TELL)],
)
def test_models_are_better_or_worse_only_beyond_doubt(
    wrong_of_new: int, wrong_of_old: int, verdict: Verdict
) -> None:
    new, old = (
        answers([(PIN, LOST if row < wrong else PIN, 0.9) for row in range(200)])
        for wrong in (wrong_of_new, wrong_of_old)
    )
    found = compare_predictions(new, old, on="test", new_name="b", old_name="a")
    assert found.verdict == verdict
    assert found.difference.value == pytest.approx((wrong_of_old - wrong_of_new) / 200)


def test_one_speaker_is_no_proof_however_much_they_say() -> None:
    """Ninety sentences more are right, all of one speaker of ten: McNemar alone would be sure."""
    groups = [str(row // 100) for row in range(1000)]
    old = answers([(PIN, LOST if row < 90 else PIN, 0.9) for row in range(1000)], groups)
    new = answers([(PIN, PIN, 0.9)] * 1000, groups)
    found = compare_predictions(new, old, on="test", new_name="b", old_name="a")
    assert found.mcnemar_p < 0.001
    assert found.verdict == Verdict.CANNOT_TELL


def test_a_lost_card_sent_elsewhere_costs_most() -> None:
    costs = COSTS.routed
    lost, pin = INTENTS.index(LOST), INTENTS.index(PIN)
    assert costs[lost, pin] == costs.max()
    assert costs[lost, pin] > costs[pin, lost] > COSTS.asked[pin] > costs[pin, pin] == 0


def test_the_wrong_topic_in_the_right_queue_costs_little() -> None:
    tables = cost_tables(DEFAULT_COSTS, INTENTS, lambda _: "cards")
    assert tables.routed[INTENTS.index(LOST), INTENTS.index(PIN)] == DEFAULT_COSTS.same_queue


def test_handling_counts_every_caller_once() -> None:
    said = answers(
        [
            (PIN, PIN, 0.9),
            (PIN, PIN, 0.4),
            (LOST, PIN, 0.9),
            (OUT_OF_SCOPE, OUT_OF_SCOPE, 0.9),
            (OUT_OF_SCOPE, PIN, 0.9),
        ]
    )
    table = ThresholdTable(default=Thresholds(probability=0.5, margin=0.2), intents={})
    found = handle(said, table, COSTS)
    shares = (found.right_share, found.wrong_share, found.asked_share, found.refused_share)
    assert shares == (0.2, 0.4, 0.2, 0.2)
    assert found.cost == pytest.approx((0 + 1 + 20 + 0 + 3) / 5)


def test_thresholds_are_chosen_where_mistakes_cost_least() -> None:
    sure_and_right = [(PIN, PIN, 0.82)] * 60
    unsure_and_wrong = [(LOST, PIN, 0.62)] * 10
    said = answers([*sure_and_right, *unsure_and_wrong, *[(LOST, LOST, 0.62)] * 60])
    chosen = choose_thresholds([said], COSTS)
    loose = ThresholdTable(default=Thresholds(probability=0.3, margin=0.0), intents={})
    assert handle(said, chosen, COSTS).cost < handle(said, loose, COSTS).cost
    assert chosen.of(PIN).probability + chosen.of(PIN).margin > 0.6
    assert handle(said, chosen, COSTS).wrong_share == 0


def test_costs_are_read_from_a_file_and_its_mistakes_named(tmp_path: Path) -> None:
    path = tmp_path / "costs.yaml"
    path.write_text("wrong_route: 7\nwrong_route_of:\n  pin: 9\n")
    read = read_costs(path)
    assert (read.wrong_route, dict(read.wrong_route_of), read.question) == (7, {"pin": 9}, 1)
    path.write_text("wrong_rout: 7\n")
    with pytest.raises(ConfigurationError, match="wrong_rout"):
        read_costs(path)


def test_keywords_speak_for_their_intents() -> None:
    texts = ["my pin is blocked", "a pin please", "new pin", "my card is gone", "card", "the card"]
    found = find_baselines(texts, [PIN, PIN, PIN, LOST, LOST, LOST])
    assert found.keywords == {LOST: ("card",), PIN: ("pin",)}
    assert found.by_keyword("where is my card") == LOST
    assert found.by_keyword("good morning") == found.majority


def test_a_set_is_measured_by_hand_reckoned_figures() -> None:
    said = answers(
        [(PIN, PIN, 0.95), (PIN, LOST, 0.75), (LOST, LOST, 0.95), (LOST, LOST, 0.75)],
        texts=["stolen pin", "card one two three four five six", "stolen", "gone"],
    )
    found = measure(said, yardstick(), name="test", about="")
    assert found.accuracy.value == 0.75
    assert found.keyword_accuracy == 0.5
    assert found.majority_accuracy == 0.5
    assert found.calibration_error == pytest.approx(0.5 * 0.05 + 0.5 * 0.25)
    assert [(one.intent, one.support, one.taken) for one in found.intents] == [
        (LOST, 2, 3),
        (PIN, 2, 1),
    ]
    assert found.coverage[9].accuracy == 1.0
    assert found.out_of_scope_auroc is None
    (mistake,) = found.mistakes
    assert (mistake.said, mistake.meant, mistake.taken) == ("card [number]", PIN, LOST)
