"""The open question: the rules of `Asking`."""

from __future__ import annotations

from dataclasses import replace

from ivr.steering.acceptance import Sureness, judge
from ivr.steering.dialogue_states import (
    Asking,
    DecisionKind,
    FalseStart,
    KeyPressed,
    Listen,
    PromptFinished,
    RecogniserUnavailable,
    SpeechStarted,
    Stage,
    Step,
    Timer,
    TimerExpired,
    UtteranceEnded,
)
from ivr.steering.dialogue_steps import Evidence, ask, is_due, quieten, record, times, wait
from ivr.steering.handover import connect, connect_by_key
from ivr.steering.hearing import hearing_of
from ivr.steering.key_menu import offer_keys
from ivr.steering.policy import Policy, PromptName
from ivr.steering.routing import RouteRequest


def await_speech(policy: Policy, state: Asking, _: PromptFinished) -> Step:
    """Time the silence after the prompt."""
    if state.stage is not Stage.PROMPTING:
        return Step(state=state)
    return wait(state, Timer.NO_INPUT, policy.timers.no_input_seconds)


def hear_out(_: Policy, state: Asking, __: SpeechStarted) -> Step:
    """Let the caller speak: nothing plays, nothing is timed."""
    return Step(state=replace(state, stage=Stage.SPEAKING), actions=quieten(state))


def await_again(policy: Policy, state: Asking, _: FalseStart) -> Step:
    """Time the silence anew after a cough."""
    if state.stage is not Stage.SPEAKING:
        return Step(state=state)
    return wait(state, Timer.NO_INPUT, policy.timers.no_input_seconds)


def judge_words(policy: Policy, state: Asking, event: UtteranceEnded) -> Step:
    """Route if the classifier is sure enough, else ask again."""
    if event.classification is None or not event.words.strip():
        return _not_understood(policy, state, event)
    hearing = hearing_of(event.words, event.word_confidences)
    judgement = judge(event.classification, policy, hearing)
    evidence = Evidence(
        reasons=judgement.reasons,
        words=event.words,
        classification=event.classification,
        judgement=judgement,
    )
    if judgement.sureness is Sureness.UNSURE:
        return _count_no_match(policy, state, evidence)
    request = RouteRequest(intent=judgement.intent)
    return connect(policy, state, DecisionKind.ROUTE_BY_SPEECH, request, evidence)


def _not_understood(policy: Policy, state: Asking, event: UtteranceEnded) -> Step:
    """A voice without words is unclear speech, but under a prompt it is the prompt's own echo."""
    if event.words.strip():
        evidence = Evidence(reasons=("no classifier judged the words",), words=event.words)
        return _count_no_match(policy, state, evidence)
    if state.stage is Stage.PROMPTING:
        return Step(state=state)
    return _count_no_match(policy, state, Evidence(reasons=("a voice, but no words",)))


def _count_no_match(policy: Policy, state: Asking, evidence: Evidence) -> Step:
    counted = replace(state, no_match=state.no_match + 1)
    reason = f"not understood {times(counted.no_match)}"
    evidence = replace(evidence, reasons=(*evidence.reasons, reason))
    return _ask_again_or_keys(policy, counted, policy.prompts.repeat_no_match, evidence)


def count_silence(policy: Policy, state: Asking, event: TimerExpired) -> Step:
    """Ask again, or offer keys, after a silence."""
    if not is_due(state, event):
        return Step(state=state)
    counted = replace(state, no_input=state.no_input + 1)
    reason = f"no answer within {policy.timers.no_input_seconds:g} s {times(counted.no_input)}"
    evidence = Evidence(reasons=(reason,))
    return _ask_again_or_keys(policy, counted, policy.prompts.repeat_no_input, evidence)


def _ask_again_or_keys(
    policy: Policy, counted: Asking, prompt: PromptName, evidence: Evidence
) -> Step:
    if _is_used_up(policy, counted):
        return offer_keys(policy, counted, evidence)
    return Step(
        state=replace(counted, stage=Stage.PROMPTING),
        actions=(
            *quieten(counted),
            record(policy, DecisionKind.ASK_AGAIN, evidence),
            ask(prompt),
            Listen(),
        ),
    )


def _is_used_up(policy: Policy, counted: Asking) -> bool:
    repeats = policy.repeats
    return (
        counted.no_input > repeats.no_input
        or counted.no_match > repeats.no_match
        or counted.no_input + counted.no_match > repeats.total
    )


def key_instead(policy: Policy, state: Asking, event: KeyPressed) -> Step:
    """Take a key as the answer to the menu that was not read out yet."""
    choice = policy.choice_for(event.digit)
    if choice is not None:
        return connect_by_key(policy, state, event.digit, choice)
    reason = f"key {event.digit} was pressed, which is not in the menu"
    return offer_keys(policy, state, Evidence(reasons=(reason,)))


def keys_only(policy: Policy, state: Asking, _: RecogniserUnavailable) -> Step:
    """Go on with keys: nothing listens any more."""
    return offer_keys(policy, state, Evidence(reasons=("the recogniser is lost",)))
