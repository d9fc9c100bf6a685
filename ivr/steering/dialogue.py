"""The dialogue: a pure state machine from greeting to handover.

`RULES` is the whole of it; every pair is there, so nothing is ignored by accident:

| event                 | Asking         | Menu            | HandingOver | Finished |
|-----------------------|----------------|-----------------|-------------|----------|
| PromptFinished        | await_speech   | await_key       | hand_over   | ignore   |
| SpeechStarted         | hear_out       | ignore          | ignore      | ignore   |
| FalseStart            | await_again    | ignore          | ignore      | ignore   |
| UtteranceEnded        | judge_words    | ignore          | ignore      | ignore   |
| KeyPressed            | key_instead    | choose          | ignore      | ignore   |
| TimerExpired          | count_silence  | count_no_key    | ignore      | ignore   |
| RecogniserUnavailable | keys_only      | ignore          | ignore      | ignore   |
| TimeLimitReached      | give_up        | give_up         | hand_over   | ignore   |

- `Asking`: an accepted intent is routed. Silence and unclear words have their own counters and
  their own prompts; when a counter or their total is used up, the key menu follows. A key answers
  the menu before it is read out.
- `Menu`: does not listen to speech. A wrong key or none is forgiven `repeats.menu` times, then
  comes the default queue.
- `HandingOver`: decided. A key pressed now does not disturb the caller's way to a person.

The consultant's key and the intent `consultant` reach a person from every question. A new kind of
turn (confirm, choose between two, explain) is one more state class, a module of its rules beside
`open_question` and `key_menu`, and a column here.

Whoever runs it keeps `TimeLimitReached` coming after `policy.timers.steering_limit_seconds`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ivr.steering import handover, key_menu, open_question
from ivr.steering.dialogue_states import (
    Asking,
    DecisionKind,
    Event,
    FalseStart,
    Finished,
    HandingOver,
    KeyPressed,
    Listen,
    Menu,
    PromptFinished,
    RecogniserUnavailable,
    SpeechStarted,
    State,
    Step,
    TimeLimitReached,
    TimerExpired,
    UtteranceEnded,
)
from ivr.steering.dialogue_steps import Evidence, ask, record
from ivr.steering.policy import Policy

Rule = Callable[[Policy, Any, Any], Step]


def start(policy: Policy, *, can_listen: bool = True) -> Step:
    """The first step of a call: the open question, or the key menu when nothing can listen."""
    if can_listen:
        return Step(state=Asking(), actions=(ask(policy.prompts.greeting), Listen()))
    evidence = Evidence(reasons=("no recogniser is free",))
    return Step(
        state=Menu(),
        actions=(
            record(policy, DecisionKind.OFFER_KEYS, evidence),
            ask(policy.prompts.welcome, policy.prompts.menu),
        ),
    )


def advance(policy: Policy, state: State, event: Event) -> Step:
    """The step that `event` leads to. Never raises; without effect where the table says ignore."""
    return RULES[type(state), type(event)](policy, state, event)


RULES: Mapping[tuple[type[State], type[Event]], Rule] = {
    (Asking, PromptFinished): open_question.await_speech,
    (Asking, SpeechStarted): open_question.hear_out,
    (Asking, FalseStart): open_question.await_again,
    (Asking, UtteranceEnded): open_question.judge_words,
    (Asking, KeyPressed): open_question.key_instead,
    (Asking, TimerExpired): open_question.count_silence,
    (Asking, RecogniserUnavailable): open_question.keys_only,
    (Asking, TimeLimitReached): handover.give_up,
    (Menu, PromptFinished): key_menu.await_key,
    (Menu, SpeechStarted): handover.ignore,
    (Menu, FalseStart): handover.ignore,
    (Menu, UtteranceEnded): handover.ignore,
    (Menu, KeyPressed): key_menu.choose,
    (Menu, TimerExpired): key_menu.count_no_key,
    (Menu, RecogniserUnavailable): handover.ignore,
    (Menu, TimeLimitReached): handover.give_up,
    (HandingOver, PromptFinished): handover.hand_over,
    (HandingOver, SpeechStarted): handover.ignore,
    (HandingOver, FalseStart): handover.ignore,
    (HandingOver, UtteranceEnded): handover.ignore,
    (HandingOver, KeyPressed): handover.ignore,
    (HandingOver, TimerExpired): handover.ignore,
    (HandingOver, RecogniserUnavailable): handover.ignore,
    (HandingOver, TimeLimitReached): handover.hand_over,
    (Finished, PromptFinished): handover.ignore,
    (Finished, SpeechStarted): handover.ignore,
    (Finished, FalseStart): handover.ignore,
    (Finished, UtteranceEnded): handover.ignore,
    (Finished, KeyPressed): handover.ignore,
    (Finished, TimerExpired): handover.ignore,
    (Finished, RecogniserUnavailable): handover.ignore,
    (Finished, TimeLimitReached): handover.ignore,
}
