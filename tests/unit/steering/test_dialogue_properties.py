"""Promises that hold for every sequence of events, not only for those we thought of."""

from hypothesis import given
from hypothesis import strategies as st
from steering_examples import POLICY, STOLEN, classified

from ivr.steering.dialogue import advance, start
from ivr.steering.dialogue_states import (
    Action,
    Asking,
    CancelTimer,
    Event,
    FalseStart,
    Finished,
    HandOver,
    KeyPressed,
    Listen,
    Menu,
    PlayPrompt,
    PromptFinished,
    RecogniserUnavailable,
    SpeechStarted,
    StartTimer,
    Step,
    StopListening,
    StopPrompt,
    TimeLimitReached,
    Timer,
    TimerExpired,
    UtteranceEnded,
)

UTTERANCES = st.sampled_from(
    [
        UtteranceEnded(words="", classification=None),
        UtteranceEnded(words="my words", classification=None),
        UtteranceEnded(words="stolen", classification=classified(STOLEN, 0.9)),
        UtteranceEnded(words="branch", classification=classified("branch", 0.3)),
        UtteranceEnded(words="pizza", classification=classified("out_of_scope", 0.9)),
        UtteranceEnded(words="a person", classification=classified("consultant", 0.9)),
    ]
)
KEYS = st.builds(KeyPressed, digit=st.sampled_from("0123456789*#ABCD"))
HAPPENINGS = st.one_of(
    st.sampled_from(
        [
            PromptFinished(),
            SpeechStarted(),
            FalseStart(),
            RecogniserUnavailable(),
            *(TimerExpired(timer=timer) for timer in Timer),
        ]
    ),
    UTTERANCES,
    KEYS,
)
EVENTS = st.lists(st.one_of(HAPPENINGS, st.just(TimeLimitReached())), max_size=40)


class Caller:
    """Plays the outside: knows which prompt plays and which timer runs, and checks every action."""

    def __init__(self, *, can_listen: bool) -> None:
        self.playing = False
        self.timer = None
        self.handovers = 0
        self.listening = False
        self._take(start(POLICY, can_listen=can_listen))

    def tell(self, event: Event) -> None:
        if isinstance(event, PromptFinished):
            self.playing = False
        if isinstance(event, TimerExpired) and event.timer is self.timer:
            self.timer = None
        self._take(advance(POLICY, self.state, event))

    def _take(self, step: Step) -> None:
        self.state = step.state
        for action in step.actions:
            self._do(action)

    def _do(self, action: Action) -> None:
        assert self.handovers == 0, "an action after the handover"
        match action:
            case PlayPrompt():
                assert not self.playing, "two prompts at once"
                self.playing = True
            case StopPrompt():
                self.playing = False
            case StartTimer(timer=timer):
                assert self.timer is None, "two timers at once"
                assert not self.playing, "silence is timed while a prompt plays"
                self.timer = timer
            case CancelTimer(timer=timer):
                assert self.timer in (None, timer)
                self.timer = None
            case Listen():
                self.listening = True
            case StopListening():
                self.listening = False
            case HandOver():
                assert not self.listening
                assert self.timer is None
                self.handovers += 1


def likely(caller: Caller, event: Event) -> bool:
    """Whether the outside could send this now: a prompt ends only if one plays, and so on."""
    if isinstance(event, PromptFinished):
        return caller.playing
    if isinstance(event, TimerExpired):
        return caller.timer is event.timer
    return True


@given(events=EVENTS, can_listen=st.booleans())
def test_whatever_happens_the_time_limit_hands_over_exactly_once(
    events: list[Event], *, can_listen: bool
) -> None:
    caller = Caller(can_listen=can_listen)
    for event in events:
        if likely(caller, event):
            caller.tell(event)
        assert caller.handovers == isinstance(caller.state, Finished)
    caller.tell(TimeLimitReached())
    caller.tell(TimeLimitReached())
    assert caller.handovers == 1


@given(events=EVENTS, can_listen=st.booleans())
def test_even_impossible_events_never_raise_nor_hand_over_twice(
    events: list[Event], *, can_listen: bool
) -> None:
    step = start(POLICY, can_listen=can_listen)
    handovers = 0
    for event in (*events, TimeLimitReached()):
        finished = isinstance(step.state, Finished)
        step = advance(POLICY, step.state, event)
        assert not (finished and step.actions)
        handovers += sum(isinstance(action, HandOver) for action in step.actions)
    assert handovers == 1


@given(events=EVENTS)
def test_counters_stay_within_the_policy(events: list[Event]) -> None:
    caller = Caller(can_listen=True)
    for event in events:
        caller.tell(event) if likely(caller, event) else None
        if isinstance(caller.state, Asking):
            assert caller.state.no_input <= POLICY.repeats.no_input
            assert caller.state.no_match <= POLICY.repeats.no_match
            assert caller.state.no_input + caller.state.no_match <= POLICY.repeats.total
        if isinstance(caller.state, Menu):
            assert caller.state.misses <= POLICY.repeats.menu


@given(happenings=st.lists(HAPPENINGS, max_size=30), can_listen=st.booleans())
def test_zero_always_gets_a_person(happenings: list[Event], *, can_listen: bool) -> None:
    caller = Caller(can_listen=can_listen)
    for event in happenings:
        if likely(caller, event):
            caller.tell(event)
    asked = isinstance(caller.state, Asking | Menu)
    caller.tell(KeyPressed(digit="0"))
    assert not isinstance(caller.state, Asking | Menu)
    if asked:
        assert caller.state.destination.queue == "consultants"


@given(answers=st.lists(st.one_of(UTTERANCES, KEYS, st.none()), min_size=8, max_size=8))
def test_eight_answers_of_any_kind_always_end_the_dialogue(answers: list[Event | None]) -> None:
    """One answer or silence a question: never more than eight questions before a person."""
    caller = Caller(can_listen=True)
    for answer in answers:
        if caller.playing:
            caller.tell(PromptFinished())
        if isinstance(answer, UtteranceEnded) and caller.listening:
            caller.tell(SpeechStarted())
            caller.tell(answer)
        elif isinstance(answer, KeyPressed):
            caller.tell(answer)
        elif caller.timer is not None:
            caller.tell(TimerExpired(timer=caller.timer))
    assert caller.handovers == 1
