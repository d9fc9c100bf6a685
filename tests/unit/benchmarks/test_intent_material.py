"""What the intent benchmark asks, drawn the same way every time."""

from __future__ import annotations

from collections import Counter

from benchmarks.banking77 import Sentence
from benchmarks.intent_material import Material, few_shots, scope_draws
from ivr.steering.intents import OUT_OF_SCOPE

SENTENCES = tuple(
    Sentence(text=f"{word} about matter {intent}", intent=f"matter_{intent}")
    for intent in "abcdefghijklmnopqrstuvwxyz"
    for word in ("one", "two", "three", "four", "five")
)
MATERIAL = Material(
    train=SENTENCES,
    test=SENTENCES,
    garbled_test=SENTENCES,
    far=("lights off",),
    own_out_of_scope=("hm",),
)


def test_few_shots_are_as_many_of_every_intent_and_the_same_each_time() -> None:
    drawn = few_shots(SENTENCES, 3, seed=1)
    assert set(Counter(one.intent for one in drawn).values()) == {3}
    assert len(set(drawn)) == len(drawn)
    assert drawn == few_shots(SENTENCES, 3, seed=1) != few_shots(SENTENCES, 3, seed=2)


def test_matters_held_out_are_never_taught_as_what_they_are() -> None:
    for scope in scope_draws(MATERIAL, seed=1):
        taught = {one.intent for one in scope.train} - {OUT_OF_SCOPE}
        assert len(taught) == 26 - 20
        assert len(scope.near) == 10 * 5
        assert len(scope.inside) == len(taught) * 5


def test_matters_tested_are_taught_as_out_of_scope_only_where_it_says_so() -> None:
    seen = {
        scope.examples: {one.text for one in scope.train} & set(scope.near)
        for scope in scope_draws(MATERIAL, seed=1)
    }
    assert [len(texts) for texts in seen.values()] == [0, 0, 50]
