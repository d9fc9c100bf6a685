from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.steering.speech_gate import GateOutcome, GateSettings, SpeechGate

SETTINGS = GateSettings(opening_voiced=3, opening_window=4, preroll=5, hangover=6)


def pcm(index: int) -> bytes:
    return index.to_bytes(2, "little") * 160


def push_all(gate: SpeechGate, voices: str, first: int = 0) -> list[GateOutcome]:
    """One frame a character; "v" holds a voice."""
    return [
        gate.push(is_voice=character == "v", pcm=pcm(index), index=index)
        for index, character in enumerate(voices, start=first)
    ]


def forwarded(outcomes: list[GateOutcome]) -> list[bytes]:
    return [frame for outcome in outcomes for frame in outcome.forward]


def test_silence_never_reaches_the_recogniser() -> None:
    outcomes = push_all(SpeechGate(SETTINGS), "." * 100)
    assert outcomes == [GateOutcome()] * 100


def test_a_click_of_two_frames_does_not_open_the_gate() -> None:
    assert forwarded(push_all(SpeechGate(SETTINGS), "....vv..........vv....")) == []


def test_opening_forwards_the_preroll_before_the_first_voiced_frame() -> None:
    outcomes = push_all(SpeechGate(SETTINGS), "..........vvv")
    assert outcomes[-1].voice_started == 10
    assert outcomes[-1].last_voiced == 12
    assert outcomes[-1].forward == tuple(pcm(index) for index in range(5, 13))


def test_opening_early_in_the_call_forwards_what_there_is() -> None:
    outcomes = push_all(SpeechGate(SETTINGS), ".vvv")
    assert forwarded(outcomes) == [pcm(index) for index in range(4)]


def test_voice_with_a_hole_opens_by_n_of_m() -> None:
    outcomes = push_all(SpeechGate(SETTINGS), "........vv.v")
    assert outcomes[-1].voice_started == 8


def test_a_pause_shorter_than_the_hangover_keeps_the_gate_open() -> None:
    outcomes = push_all(SpeechGate(SETTINGS), "vvv.....vvv")
    assert forwarded(outcomes) == [pcm(index) for index in range(11)]
    assert all(outcome.voice_ended is None for outcome in outcomes)


def test_closing_names_the_last_voiced_frame_once() -> None:
    outcomes = push_all(SpeechGate(SETTINGS), "vvvv" + "." * 20)
    ends = [(n, o.voice_ended) for n, o in enumerate(outcomes) if o.voice_ended is not None]
    assert ends == [(3 + 6, 3)]
    assert outcomes[9].forward == ()
    assert outcomes[10] == GateOutcome()


def test_second_utterance_opens_again_with_its_own_preroll() -> None:
    outcomes = push_all(SpeechGate(SETTINGS), "vvv" + "." * 20 + "vvv")
    starts = [o.voice_started for o in outcomes if o.voice_started is not None]
    assert starts == [0, 23]
    assert outcomes[-1].forward[0] == pcm(18)


def test_close_forgets_what_was_heard() -> None:
    gate = SpeechGate(SETTINGS)
    push_all(gate, "....vvv")
    assert gate.close() == GateOutcome(voice_ended=6, last_voiced=6)
    assert not gate.is_open
    assert forwarded(push_all(gate, "vvv", first=7)) == [pcm(7), pcm(8), pcm(9)]


@given(st.text(alphabet="v.", max_size=200))
def test_no_frame_is_forwarded_twice_or_out_of_order(voices: str) -> None:
    outcomes = push_all(SpeechGate(SETTINGS), voices)
    indexes = [int.from_bytes(frame[:2], "little") for frame in forwarded(outcomes)]
    assert indexes == sorted(set(indexes))


@given(st.text(alphabet="v.", max_size=200))
def test_starts_and_ends_alternate(voices: str) -> None:
    marks = [
        mark
        for outcome in push_all(SpeechGate(SETTINGS), voices)
        for mark in (
            ["start"] * (outcome.voice_started is not None)
            + ["end"] * (outcome.voice_ended is not None)
        )
    ]
    assert marks == ["start", "end"] * (len(marks) // 2) + ["start"] * (len(marks) % 2)
