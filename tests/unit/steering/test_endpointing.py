from itertools import pairwise
from typing import Any

import pytest
from steering_examples import POLICY, STOLEN, classified

from ivr.steering.endpointing import Endpoint, Endpointer, EndpointReason, SpeechBegan
from ivr.steering.intents import Classification

Moment = tuple[int, bool, tuple[str, Classification | None] | None]
SURE = classified(STOLEN, 0.95, 0.02)
ACCEPTED = classified(STOLEN, 0.6, 0.2)
UNSURE = classified(STOLEN, 0.3, 0.25)


def listen(
    timeline: list[Moment], *, until_ms: int = 20_000, endpointer: Endpointer | None = None
) -> list[SpeechBegan | Endpoint]:
    """Feed a script of (from_ms, voice, (words, classification) or None); returns all signals."""
    endpointer = endpointer or Endpointer(POLICY)
    signals = []
    ends = [*timeline[1:], (until_ms, False, None)]
    for (begin_ms, voice, news), (end_ms, _, _) in zip(timeline, ends, strict=True):
        if news is not None:
            endpointer.hear_words(*news)
        for at_ms in range(begin_ms + 20, end_ms + 20, 20):
            signal = endpointer.hear_frame(at_ms, voice=voice)
            if signal is not None:
                signals.append(signal)
    return signals


def endpoints(timeline: list[Moment], **options: Any) -> list[Endpoint]:
    return [signal for signal in listen(timeline, **options) if isinstance(signal, Endpoint)]


@pytest.mark.parametrize(
    ("words", "classification", "reason", "silence_ms"),
    [
        ("stole my card", SURE, EndpointReason.SURE, 220),
        ("my card", SURE, EndpointReason.ACCEPTED, 460),
        ("card was taken", ACCEPTED, EndpointReason.ACCEPTED, 460),
        ("it is about", UNSURE, EndpointReason.UNSURE, 800),
        ("they stole my", SURE, EndpointReason.SURE, 620),
        ("they took my", ACCEPTED, EndpointReason.ACCEPTED, 860),
        ("i went to", UNSURE, EndpointReason.UNSURE, 1200),
        ("not classified", None, EndpointReason.UNSURE, 800),
        ("stole my [lovely] card", SURE, EndpointReason.SURE, 220),
        ("[lovely] my card", SURE, EndpointReason.ACCEPTED, 460),
        ("stole [lovely] [weather]", SURE, EndpointReason.UNSURE, 800),
    ],
)
def test_the_surer_the_sooner_and_unfinished_words_wait(
    words: str, classification: Classification | None, reason: EndpointReason, silence_ms: int
) -> None:
    (endpoint,) = endpoints(
        [(0, True, None), (800, True, (words, classification)), (1000, False, None)]
    )
    assert (endpoint.reason, endpoint.silence_ms) == (reason, silence_ms)
    assert (endpoint.words, endpoint.classification) == (words, classification)


def test_pause_for_thought_does_not_cut_off_a_caller_we_do_not_understand_yet() -> None:
    signals = endpoints(
        [
            (0, True, ("i would like to ask", UNSURE)),
            (1000, False, None),
            (1400, True, ("i would like to ask my card is gone", SURE)),
            (2400, False, None),
        ]
    )
    assert [signal.words for signal in signals] == ["i would like to ask my card is gone"]


def test_pause_for_breath_does_not_cut_off_a_caller_we_merely_accept() -> None:
    (endpoint,) = endpoints(
        [(0, True, ("card", ACCEPTED)), (600, False, None), (1000, True, None), (1600, False, None)]
    )
    assert endpoint.at_ms > 1600


def test_sure_words_never_end_a_running_voice() -> None:
    (endpoint,) = endpoints([(0, True, ("stole my card", SURE)), (6000, False, None)])
    assert endpoint.at_ms == 6220


def test_words_that_still_change_are_waited_for() -> None:
    (endpoint,) = endpoints(
        [(0, True, ("stole", SURE)), (1000, False, None), (1200, False, ("stole my card", SURE))]
    )
    assert (endpoint.at_ms, endpoint.words) == (1360, "stole my card")


def test_latest_words_count_even_if_they_are_less_clear() -> None:
    (endpoint,) = endpoints(
        [(0, True, ("stole my card", SURE)), (1000, False, None), (1100, False, ("car", UNSURE))]
    )
    assert endpoint.reason is EndpointReason.UNSURE


def test_utterance_ends_at_its_longest_even_while_a_voice_runs() -> None:
    (endpoint,) = endpoints([(0, True, ("and so on and", UNSURE))], until_ms=15_100)
    assert endpoint.reason is EndpointReason.MAX_LENGTH
    assert endpoint.at_ms - 15_000 <= 60


def test_voice_without_words_ends_late_as_not_understood() -> None:
    (endpoint,) = endpoints([(0, True, None), (1000, False, None)])
    assert (endpoint.reason, endpoint.silence_ms) == (EndpointReason.NO_WORDS, 1200)


def test_short_sound_without_words_is_a_false_start() -> None:
    (endpoint,) = endpoints([(0, True, None), (300, False, None)])
    assert endpoint.reason is EndpointReason.FALSE_START


def test_click_of_two_frames_begins_no_speech_and_does_not_prolong_a_silence() -> None:
    assert listen([(0, False, None), (500, True, None), (540, False, None)]) == []
    (endpoint,) = endpoints(
        [
            (0, True, ("stole my card", SURE)),
            (1000, False, None),
            (1140, True, None),
            (1160, False, None),
        ]
    )
    assert endpoint.at_ms == 1220


def test_voice_that_flickers_in_the_detector_is_one_utterance() -> None:
    flicker = [(at_ms, at_ms // 20 % 3 != 2, None) for at_ms in range(0, 2000, 20)]
    signals = listen([*flicker, (2000, False, None)])
    assert [type(signal) for signal in signals] == [SpeechBegan, Endpoint]


def test_words_too_soft_for_the_detector_begin_and_end_an_utterance() -> None:
    signals = listen([(0, False, None), (1000, False, ("stole my card", SURE))])
    assert [type(signal) for signal in signals] == [SpeechBegan, Endpoint]


def test_reset_forgets_the_utterance() -> None:
    endpointer = Endpointer(POLICY)
    listen([(0, True, ("card", SURE))], until_ms=500, endpointer=endpointer)
    assert endpointer.in_speech
    endpointer.reset()
    assert not endpointer.in_speech
    assert endpoints([(500, False, None)], endpointer=endpointer) == []


def test_one_utterance_after_the_other_is_found() -> None:
    script = [
        (0, True, ("card", SURE)),
        (600, False, None),
        (2000, True, ("pin", SURE)),
        (2600, False, None),
    ]
    first, second = endpoints(script)
    assert (first.words, second.words) == ("card", "pin")
    assert all(a.at_ms < b.at_ms for a, b in pairwise((first, second)))
