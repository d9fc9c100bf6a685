import pytest
from steering_examples import POLICY

from ivr.steering.barge_in import BargeIn, Command, SetGain, StopPlayback, repeats_prompt

GREETING = (
    "welcome",
    "to",
    "sternik",
    "bank",
    "in",
    "a",
    "few",
    "words",
    "how",
    "can",
    "i",
    "help",
    "you",
)
LOWER = SetGain(gain=0.3)
RESTORE = SetGain(gain=1.0)
STOP = StopPlayback()


def play(*script: tuple[int, bool, str | None], until_ms: int = 4000) -> list[tuple[int, Command]]:
    """Script of (from_ms, voice, words or None); returns (at_ms, command) of every command."""
    barge_in = BargeIn(POLICY.barge_in, GREETING)
    commands = []
    ends = [*script[1:], (until_ms, False, None)]
    for (begin_ms, voice, words), (end_ms, _, _) in zip(script, ends, strict=True):
        if words is not None:
            commands.append((begin_ms, barge_in.hear_words(tuple(words.split()))))
        commands += [
            (at_ms, barge_in.hear_frame(at_ms, voice=voice))
            for at_ms in range(begin_ms + 20, end_ms + 20, 20)
        ]
    return [(at_ms, command) for at_ms, command in commands if command is not None]


def test_voice_lowers_the_prompt_within_60_ms() -> None:
    assert play((0, False, None), (500, True, None), until_ms=1000) == [(560, LOWER)]


def test_two_words_stop_the_prompt_at_once() -> None:
    script = ((0, True, None), (400, True, "stolen card"))
    assert play(*script) == [(60, LOWER), (400, STOP)]


def test_one_word_stops_the_prompt_once_it_has_stood() -> None:
    assert play((0, True, None), (400, True, "stolen"))[-1] == (600, STOP)


def test_one_word_that_is_taken_back_does_not_stop_the_prompt() -> None:
    commands = play((0, True, None), (400, True, "stolen"), (500, False, ""))
    assert STOP not in [command for _, command in commands]


def test_cough_brings_the_prompt_back_after_600_ms() -> None:
    assert play((0, True, None), (300, False, None)) == [(60, LOWER), (900, RESTORE)]


def test_prompt_yields_again_after_a_false_start() -> None:
    commands = play((0, True, None), (300, False, None), (1500, True, "my card"))
    assert commands[-1] == (1500, STOP)


def test_noise_without_words_does_not_hush_the_prompt_for_ever() -> None:
    assert play((0, True, None)) == [(60, LOWER), (2060, RESTORE)]


def test_words_out_of_noise_still_stop_the_prompt() -> None:
    assert play((0, True, None), (3000, True, "my card"))[-1] == (3000, STOP)


def test_voice_after_noise_has_ended_lowers_the_prompt_again() -> None:
    commands = play((0, True, None), (2500, False, None), (3500, True, None), until_ms=3800)
    assert [command for _, command in commands] == [LOWER, RESTORE, LOWER]


@pytest.mark.parametrize("echo", ["how can i", "welcome bank", "few words help you"])
def test_echo_of_the_prompt_does_not_stop_it(echo: str) -> None:
    assert STOP not in [command for _, command in play((0, True, None), (400, True, echo))]


@pytest.mark.parametrize("own", ["help card", "you can", "bank bank"])
def test_words_the_prompt_does_not_say_in_this_order_are_the_callers(own: str) -> None:
    assert not repeats_prompt(tuple(own.split()), GREETING)


def test_key_stops_the_prompt_and_nothing_follows() -> None:
    barge_in = BargeIn(POLICY.barge_in, GREETING)
    assert barge_in.press_key() == STOP
    assert barge_in.has_stopped_prompt
    assert barge_in.press_key() is None
    assert barge_in.hear_words(("my", "card")) is None
    assert all(barge_in.hear_frame(at_ms, voice=True) is None for at_ms in range(20, 400, 20))
