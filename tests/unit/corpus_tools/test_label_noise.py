from __future__ import annotations

from ivr.steering.intents import IntentId
from tests.unit.corpus_tools.corpora import sentences
from training.corpus_checks.label_noise import find_label_noise

PIN, MORTGAGE, CARD = IntentId("pin"), IntentId("mortgage"), IntentId("card_lost")


def corpus() -> tuple[list[str], list[IntentId], list[str]]:
    texts = [text for intent in (PIN, MORTGAGE, CARD) for text in sentences(intent, 40)]
    intents = [intent for intent in (PIN, MORTGAGE, CARD) for _ in range(40)]
    return texts, intents, [f"s{number % 8}" for number in range(120)]


def test_labels_that_were_swapped_are_the_most_doubtful_ones() -> None:
    texts, intents, groups = corpus()
    wrong = (3, 50, 99)
    for row in wrong:
        intents[row] = PIN if intents[row] != PIN else MORTGAGE
    noise = find_label_noise(texts, intents, groups)
    assert noise is not None
    assert {one.row for one in noise.suspicious[:3]} == set(wrong)
    first = noise.suspicious[0]
    assert first.given == intents[first.row] != first.thought
    assert first.given_probability < first.thought_probability


def test_right_labels_raise_no_doubt() -> None:
    noise = find_label_noise(*corpus())
    assert noise is not None
    assert noise.by_group
    assert (noise.judged, noise.suspicious) == (120, ())
    assert noise.agreement == 1.0


def test_a_group_is_never_judged_by_a_model_that_saw_it() -> None:
    """One speaker labels all their PIN sentences wrongly: seen by the model they would look right."""
    texts, intents, groups = corpus()
    odd = [f"zork quux {number} {text}" for number, text in enumerate(sentences(PIN, 12, seed=9))]
    noise = find_label_noise(texts + odd, intents + [MORTGAGE] * 12, groups + ["odd speaker"] * 12)
    assert noise is not None
    assert {one.row for one in noise.suspicious} == set(range(120, 132))


def test_an_intent_that_only_one_group_has_is_not_doubted() -> None:
    texts, intents, groups = corpus()
    groups = [
        "alone" if intent == CARD else group for intent, group in zip(intents, groups, strict=True)
    ]
    noise = find_label_noise(texts, intents, groups)
    assert noise is not None
    assert noise.judged == 80


def test_rare_intents_are_left_out_and_one_intent_alone_is_not_judged() -> None:
    texts, intents, groups = corpus()
    noise = find_label_noise(texts[:83], intents[:83], groups[:83])
    assert noise is not None
    assert noise.judged == 80
    assert find_label_noise(texts[:40], intents[:40], groups[:40]) is None
    assert find_label_noise([], [], []) is None


def test_rows_of_one_group_are_split_one_by_one() -> None:
    texts, intents, _ = corpus()
    noise = find_label_noise(texts, intents, ["everybody"] * 120)
    assert noise is not None
    assert not noise.by_group
    assert noise.agreement == 1.0
