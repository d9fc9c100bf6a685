import re
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from steering_examples import POLICY, STOLEN, classified

from ivr.steering import dialogue
from ivr.steering.dialogue import RULES, advance, start
from ivr.steering.dialogue_states import (
    Action,
    CancelTimer,
    Decide,
    Decision,
    DecisionKind,
    Event,
    FalseStart,
    Finished,
    HandingOver,
    HandOver,
    KeyPressed,
    Listen,
    Menu,
    PlayPrompt,
    PromptFinished,
    RecogniserUnavailable,
    SpeechStarted,
    Stage,
    StartTimer,
    State,
    StopListening,
    StopPrompt,
    TimeLimitReached,
    Timer,
    TimerExpired,
    UtteranceEnded,
)
from ivr.steering.policy import Policy, PromptName
from ivr.steering.routing import Destination

NO_INPUT = TimerExpired(timer=Timer.NO_INPUT)
NO_KEY = TimerExpired(timer=Timer.MENU)
PROMPTED = PromptFinished()
SILENCE = (PROMPTED, NO_INPUT)
MUMBLE = UtteranceEnded(words="blah blah", classification=classified("branch", 0.3, 0.28))
STOLEN_CARD = UtteranceEnded(
    words="someone stole my card", classification=classified(STOLEN, 0.97, 0.01)
)


def run(
    *events: Event, policy: Policy = POLICY, can_listen: bool = True
) -> tuple[State, list[Action]]:
    """The state after these events, and every action on the way."""
    step = start(policy, can_listen=can_listen)
    actions = list(step.actions)
    for event in events:
        step = advance(policy, step.state, event)
        actions += step.actions
    return step.state, actions


def prompts(actions: list[Action]) -> list[PromptName]:
    return [name for action in actions if isinstance(action, PlayPrompt) for name in action.prompts]


def decisions(actions: list[Action]) -> list[Decision]:
    return [action.decision for action in actions if isinstance(action, Decide)]


def handovers(actions: list[Action]) -> list[Destination]:
    return [action.destination for action in actions if isinstance(action, HandOver)]


def test_call_begins_with_a_greeting_that_can_be_talked_over() -> None:
    _, actions = run()
    assert actions == [PlayPrompt(prompts=("greeting",), interruptible=True), Listen()]


def test_call_without_recogniser_begins_with_the_menu_and_never_listens() -> None:
    state, actions = run(can_listen=False)
    assert isinstance(state, Menu)
    assert prompts(actions) == ["welcome", "menu"]
    assert Listen() not in actions


def test_accepted_intent_is_announced_and_handed_over_after_the_announcement() -> None:
    state, actions = run(PROMPTED, SpeechStarted(), STOLEN_CARD)
    assert isinstance(state, HandingOver)
    assert actions[-1] == PlayPrompt(prompts=("connecting_cards_urgent",), interruptible=False)
    assert handovers(actions) == []
    state, actions = run(PROMPTED, SpeechStarted(), STOLEN_CARD, PROMPTED)
    assert isinstance(state, Finished)
    assert [(d.queue, d.priority) for d in handovers(actions)] == [("cards-urgent", 10)]


def test_decision_tells_why_in_sentences_and_keeps_the_words_apart() -> None:
    _, actions = run(PROMPTED, SpeechStarted(), STOLEN_CARD)
    (decision,) = decisions(actions)
    assert decision.kind is DecisionKind.ROUTE_BY_SPEECH
    assert decision.reasons == (
        "card_lost_or_stolen probability 0.97 ≥ 0.40",
        "margin over the next intent 0.96 ≥ 0.10",
        "the policy sends card_lost_or_stolen to cards-urgent",
        "with priority 10",
    )
    assert decision.words == "someone stole my card"
    assert decision.probability == 0.97
    assert decision.thresholds.probability == 0.40
    assert decision.policy_version == "test-1"
    assert "stole my" not in repr(decision)


def test_speaking_cancels_the_no_input_timer_and_a_false_start_starts_it_again() -> None:
    _, actions = run(PROMPTED, SpeechStarted(), FalseStart())
    started = StartTimer(timer=Timer.NO_INPUT, seconds=5)
    assert actions[2:] == [started, CancelTimer(timer=Timer.NO_INPUT), started]


def test_talking_over_the_prompt_stops_it() -> None:
    _, actions = run(SpeechStarted())
    assert actions[-1] == StopPrompt()


def test_silence_is_asked_once_more_then_the_menu() -> None:
    state, actions = run(*SILENCE)
    assert prompts(actions)[-1] == "repeat_no_input"
    assert actions[-1] == Listen()
    state, actions = run(*SILENCE, *SILENCE)
    assert isinstance(state, Menu)
    assert prompts(actions)[-1] == "menu"
    assert StopListening() in actions


def test_unclear_words_are_asked_once_more_then_the_menu() -> None:
    _, actions = run(PROMPTED, SpeechStarted(), MUMBLE)
    assert prompts(actions)[-1] == "repeat_no_match"
    assert decisions(actions)[-1].reasons == (
        "branch probability 0.300 < 0.55",
        "margin over the next intent 0.020 < 0.20",
        "not understood once",
    )
    state, actions = run(PROMPTED, SpeechStarted(), MUMBLE, PROMPTED, SpeechStarted(), MUMBLE)
    assert isinstance(state, Menu)


def test_silence_and_unclear_words_are_counted_apart_and_bounded_together() -> None:
    _, actions = run(*SILENCE, PROMPTED, SpeechStarted(), MUMBLE)
    assert prompts(actions)[-2:] == ["repeat_no_input", "repeat_no_match"]
    generous = replace(POLICY, repeats=replace(POLICY.repeats, no_input=5, no_match=5, total=2))
    state, _ = run(*SILENCE, *SILENCE, PROMPTED, SpeechStarted(), MUMBLE, policy=generous)
    assert isinstance(state, Menu)


def test_out_of_scope_is_never_routed_however_probable() -> None:
    event = UtteranceEnded(words="pizza", classification=classified("out_of_scope", 0.99))
    _, actions = run(PROMPTED, event)
    assert prompts(actions)[-1] == "repeat_no_match"


@pytest.mark.parametrize(
    ("intent", "probability", "routed"),
    [(STOLEN, 0.45, True), ("branch", 0.45, False), ("branch", 0.55, True)],
)
def test_each_intent_has_its_own_threshold(
    intent: str, probability: float, *, routed: bool
) -> None:
    event = UtteranceEnded(words="x", classification=classified(intent, probability, 0.2))
    state, _ = run(PROMPTED, event)
    assert isinstance(state, HandingOver) is routed


def test_intent_the_policy_does_not_know_reaches_the_default_queue() -> None:
    event = UtteranceEnded(words="x", classification=classified("brand_new", 0.9))
    _, actions = run(PROMPTED, event, PROMPTED)
    assert [d.queue for d in handovers(actions)] == ["consultants"]


def test_noise_without_words_counts_as_unclear_but_under_the_prompt_as_echo() -> None:
    nothing = UtteranceEnded(words="", classification=None)
    _, actions = run(PROMPTED, SpeechStarted(), nothing)
    assert prompts(actions)[-1] == "repeat_no_match"
    _, actions = run(nothing)
    assert prompts(actions) == ["greeting"]


def test_asking_for_a_consultant_reaches_a_person() -> None:
    event = UtteranceEnded(words="consultant", classification=classified("consultant", 0.9))
    _, actions = run(event, PROMPTED)
    assert [d.queue for d in handovers(actions)] == ["consultants"]


@pytest.mark.parametrize("before", [(), (PROMPTED,), (SpeechStarted(),), (*SILENCE, *SILENCE)])
def test_zero_reaches_a_person_from_every_question(before: tuple[Event, ...]) -> None:
    _, actions = run(*before, KeyPressed(digit="0"), PROMPTED)
    assert [d.queue for d in handovers(actions)] == ["consultants"]
    assert decisions(actions)[-1].intent == "consultant"


def test_key_during_the_question_is_already_the_answer_to_the_menu() -> None:
    _, actions = run(KeyPressed(digit="1"), PROMPTED)
    assert [d.queue for d in handovers(actions)] == ["cards-urgent"]
    assert "menu" not in prompts(actions)


def test_key_may_choose_a_queue_without_an_intent() -> None:
    _, actions = run(KeyPressed(digit="2"), PROMPTED)
    assert [(d.queue, d.priority) for d in handovers(actions)] == [("branches", 3)]


def test_key_that_means_nothing_opens_the_menu_without_counting_against_it() -> None:
    state, actions = run(KeyPressed(digit="*"))
    assert state == Menu(stage=Stage.PROMPTING, misses=0)
    assert prompts(actions)[-1] == "menu"


@pytest.mark.parametrize(
    ("miss", "prompt"),
    [((KeyPressed(digit="9"),), "menu_invalid"), ((PROMPTED, NO_KEY), "menu_no_input")],
)
def test_menu_forgives_one_miss_then_gives_the_default_queue(
    miss: tuple[Event, ...], prompt: str
) -> None:
    _, actions = run(KeyPressed(digit="*"), *miss)
    assert prompts(actions)[-2:] == [prompt, "menu"]
    _, actions = run(KeyPressed(digit="*"), *miss, *miss, PROMPTED)
    assert [d.queue for d in handovers(actions)] == ["consultants"]
    assert decisions(actions)[-1].kind is DecisionKind.ROUTE_BY_DEFAULT


def test_lost_recogniser_leads_to_the_menu() -> None:
    state, actions = run(PROMPTED, SpeechStarted(), RecogniserUnavailable())
    assert isinstance(state, Menu)
    assert actions[-3:-1] != []
    assert prompts(actions)[-1] == "menu"


@pytest.mark.parametrize("before", [(), SILENCE, (KeyPressed(digit="*"),)])
def test_time_limit_hands_over_to_the_default_queue_at_once(before: tuple[Event, ...]) -> None:
    state, actions = run(*before, TimeLimitReached())
    assert isinstance(state, Finished)
    assert isinstance(actions[-1], HandOver)
    assert actions[-1].destination.queue == "consultants"


def test_time_limit_keeps_a_decision_that_was_made() -> None:
    _, actions = run(KeyPressed(digit="1"), TimeLimitReached())
    assert [d.queue for d in handovers(actions)] == ["cards-urgent"]


def test_keys_while_handing_over_disturb_nothing() -> None:
    _, actions = run(KeyPressed(digit="1"), KeyPressed(digit="0"), KeyPressed(digit="5"), PROMPTED)
    assert [d.queue for d in handovers(actions)] == ["cards-urgent"]


@pytest.mark.parametrize("stale", [NO_INPUT, NO_KEY])
def test_timer_that_expires_after_its_cancellation_changes_nothing(stale: Event) -> None:
    before, _ = run(PROMPTED, SpeechStarted())
    assert advance(POLICY, before, stale).state == before
    assert advance(POLICY, before, stale).actions == ()


def test_every_state_has_a_rule_for_every_event() -> None:
    assert set(RULES) == set(product(get_args(State), get_args(Event)))


def test_docstring_shows_the_table_that_is_in_force() -> None:
    rows = [
        re.split(r"\s*\|\s*", line.strip(" |"))
        for line in dialogue.__doc__.split("\n")
        if line.startswith("| ")
    ]
    header, *body = rows
    shown = {
        (row[0], state): name
        for row in body
        for state, name in zip(header[1:], row[1:], strict=True)
    }
    actual = {
        (event.__name__, state.__name__): rule.__name__.lstrip("_")
        for (state, event), rule in RULES.items()
    }
    assert shown == actual
