"""One call's story with fakes of all its ports; the numbers are frames of 20 ms."""

from __future__ import annotations

import asyncio

import pytest
from call_scene import (
    PROMPT_FRAMES,
    STOLEN_WORDS,
    UNCLEAR_WORDS,
    Scene,
    Script,
)

from ivr.errors import CallEndedError, PeerTimeoutError
from ivr.ports import EventKind
from tests.waiting import until

GREETED = PROMPT_FRAMES
NO_INPUT = 250
MENU = 400
# Somebody who waits for the question to end, and says it in a second.
SPEECH = [range(60, 110)]
STEERED = "cards-urgent 10 card_lost_or_stolen"


async def told(script: Script) -> Scene:
    scene = Scene(script)
    await scene.tell()
    assert scene.link.closed == 1
    assert scene.stream.closed == (1 if scene.stream.opened else 0)
    assert len(scene.handed_over) == 1
    return scene


# --- the straight way -----------------------------------------------------------------------------


async def test_a_call_is_greeted_heard_decided_announced_and_handed_over_in_this_order() -> None:
    scene = await told(Script(voice=SPEECH, words={80: "someone", 100: STOLEN_WORDS}))
    assert scene.trace == [
        "open audio",
        "play greeting",
        "play connecting_cards_urgent",
        "close link",
        "close stream",
        "finish audio",
        f"hand over {STEERED}",
    ]
    assert scene.kinds == [
        EventKind.PROMPT_STARTED,
        EventKind.PROMPT_STOPPED,
        EventKind.SPEECH_STARTED,
        EventKind.WORDS_HEARD,
        EventKind.WORDS_HEARD,
        EventKind.UTTERANCE_ENDED,
        EventKind.DECISION_MADE,
        EventKind.PROMPT_STARTED,
        EventKind.PROMPT_STOPPED,
        EventKind.CALL_STEERED,
    ]
    (utterance,) = scene.data(EventKind.UTTERANCE_ENDED)
    assert utterance["pii_words"] == STOLEN_WORDS
    assert utterance["reason"] == "sure"
    assert utterance["silence_ms"] == 220
    (steered,) = scene.data(EventKind.CALL_STEERED)
    assert (steered["queue"], steered["priority"]) == ("cards-urgent", 10)


async def test_only_speech_reaches_the_recogniser_with_some_of_what_came_before() -> None:
    scene = await told(Script(voice=SPEECH, words={100: STOLEN_WORDS}))
    assert 50 + 10 <= scene.stream.fed_frames <= 50 + 15 + 15


async def test_the_classifier_is_asked_only_when_the_words_change() -> None:
    words = {80: "someone", 100: STOLEN_WORDS}
    scene = await told(Script(voice=SPEECH, words=words))
    assert scene.classified == ["someone", STOLEN_WORDS]


async def test_final_words_decide_when_the_classifier_was_not_sure_of_the_partial_ones() -> None:
    scene = await told(Script(voice=SPEECH, words={100: "stole my card"}, final_words=STOLEN_WORDS))
    (utterance,) = scene.data(EventKind.UTTERANCE_ENDED)
    assert (utterance["pii_words"], utterance["confidence"]) == (STOLEN_WORDS, 0.5)
    assert scene.handed_over == [STEERED]


async def test_other_speech_is_asked_again_however_sure_the_classifier_is() -> None:
    words = "[sunny] [weather] opening [hours]"
    scene = await told(Script(voice=SPEECH, words={100: words}, keys={300: "0"}))
    (utterance,) = scene.data(EventKind.UTTERANCE_ENDED)
    assert (utterance["reason"], utterance["other_speech"]) == ("unsure", 0.75)
    decision = scene.data(EventKind.DECISION_MADE)[0]
    assert decision["kind"] == "ask_again"
    assert decision["reasons"][0] == "75% of the words were other speech, more than 50%"


async def test_words_heard_without_confidence_are_asked_again() -> None:
    words = "opening hours"
    scene = await told(
        Script(voice=SPEECH, words={100: words}, word_confidence=0.1, keys={300: "0"})
    )
    (utterance,) = scene.data(EventKind.UTTERANCE_ENDED)
    assert utterance["word_confidences"] == [0.1, 0.1]
    decision = scene.data(EventKind.DECISION_MADE)[0]
    assert decision["kind"] == "ask_again"
    assert "words heard with confidence 0.100 < 0.30" in decision["reasons"]


# --- talking over the prompt ----------------------------------------------------------------------


async def test_a_voice_lowers_the_greeting_and_words_stop_it() -> None:
    scene = await told(Script(voice=[range(10, 60)], words={30: STOLEN_WORDS}))
    trace = scene.trace
    assert trace[1:5] == ["play greeting", "gain 0.3", "stop", "gain 1"]
    stopped = scene.data(EventKind.PROMPT_STOPPED)[0]
    assert stopped == {"prompt": "greeting", "reason": "the caller spoke"}
    assert scene.handed_over == [STEERED]


async def test_a_cough_over_the_greeting_lowers_it_and_brings_it_back() -> None:
    scene = await told(Script(voice=[range(5, 12)], keys={200: "0"}))
    assert scene.trace[1:4] == ["play greeting", "gain 0.3", "gain 1"]
    assert scene.data(EventKind.PROMPT_STOPPED)[0]["reason"] == "finished"


async def test_the_prompts_own_echo_is_not_speech() -> None:
    scene = await told(
        Script(
            voice=[range(5, 45)],
            words={15: "welcome to", 30: "welcome to the bank"},
            keys={200: "0"},
        )
    )
    assert EventKind.UTTERANCE_ENDED not in scene.kinds
    assert scene.data(EventKind.PROMPT_STOPPED)[0]["reason"] == "finished"


async def test_the_announcement_is_never_talked_over() -> None:
    scene = await told(
        Script(
            voice=[*SPEECH, range(125, 175)],
            words={100: STOLEN_WORDS, 140: "no wait", 150: "no wait a moment"},
        )
    )
    assert scene.handed_over == [STEERED]
    assert "stop" not in scene.trace


async def test_a_cough_after_the_question_is_ignored_and_silence_is_timed_anew() -> None:
    scene = await told(Script(voice=[range(100, 106)], keys={900: "0"}))
    assert scene.kinds[2] is EventKind.SPEECH_STARTED
    assert EventKind.UTTERANCE_ENDED not in scene.kinds
    silences = [e.at_seconds for e in scene.events if e.kind is EventKind.NO_INPUT]
    assert silences[0] > (GREETED + NO_INPUT) * 0.02 + 1.0


# --- silence, unclear words, keys -----------------------------------------------------------------


async def test_silence_is_asked_again_then_offered_keys_and_ends_in_the_default_queue() -> None:
    scene = await told(Script())
    assert scene.prompts == [
        "greeting",
        "repeat_no_input",
        "menu",
        "menu_no_input",
        "menu",
        "connecting_consultants",
    ]
    assert scene.decisions == ["ask_again", "offer_keys", "repeat_menu", "route.default"]
    assert scene.handed_over == ["consultants 0 None"]
    assert [data["turn"] for data in scene.data(EventKind.NO_INPUT)] == [1, 2]


async def test_unclear_words_are_asked_again_then_offered_keys() -> None:
    scene = await told(
        Script(
            voice=[range(60, 100), range(250, 300)],
            words={90: UNCLEAR_WORDS, 290: UNCLEAR_WORDS},
            keys={500: "2"},
        )
    )
    assert scene.prompts[:3] == ["greeting", "repeat_no_match", "menu"]
    assert scene.decisions == ["ask_again", "offer_keys", "route.key"]
    assert scene.handed_over == ["branches 3 None"]


@pytest.mark.parametrize("frame", [0, 1, 25, 50, 60, 100, 299, 301, 330, 400, 700, 900])
async def test_a_key_answers_at_any_moment(frame: int) -> None:
    scene = await told(Script(keys={frame: "1"}))
    assert scene.handed_over == [STEERED]
    assert scene.data(EventKind.KEY_PRESSED) == [{"digit": "1"}]


@pytest.mark.parametrize("frame", [0, 25, 60, 80, 105, 118, 400])
async def test_zero_reaches_a_person_at_any_moment_also_in_mid_sentence(frame: int) -> None:
    scene = await told(
        Script(voice=SPEECH, words={80: "purple", 100: UNCLEAR_WORDS}, keys={frame: "0"})
    )
    assert scene.handed_over == ["consultants 0 consultant"]


async def test_asking_for_a_consultant_reaches_one() -> None:
    scene = await told(Script(voice=SPEECH, words={100: "a consultant"}))
    assert scene.handed_over == ["consultants 0 consultant"]


async def test_a_wrong_key_is_told_and_keys_pressed_together_count_one_by_one() -> None:
    scene = await told(Script(keys={60: "*", 200: "#1"}))
    assert scene.prompts[1:4] == ["menu", "menu_invalid", "menu"]
    assert scene.handed_over == [STEERED]


# --- ears that fail -------------------------------------------------------------------------------


async def test_without_a_free_recogniser_keys_are_offered_at_once() -> None:
    scene = await told(Script(overloaded=True, keys={120: "1"}))
    assert scene.prompts[:2] == ["welcome", "menu"]
    assert scene.handed_over == [STEERED]
    assert not scene.stream.closed


@pytest.mark.parametrize("told_first", [True, False])
@pytest.mark.parametrize("frame", [0, 20, 49, 50, 70, 100, 109, 115, 130])
async def test_a_recogniser_lost_at_any_moment_leaves_the_caller_with_keys(
    frame: int, told_first: bool
) -> None:
    scene = await told(
        Script(
            voice=[*SPEECH, range(400, 420)],
            words={90: "stole my", 100: "stole my card"},
            final_after_frames=40,
            recogniser_lost_at=frame,
            loss_is_told=told_first,
            keys={900: "1"},
        )
    )
    assert scene.kinds.count(EventKind.RECOGNISER_LOST) == 1
    assert "menu" in scene.prompts
    assert scene.handed_over == [STEERED]


@pytest.mark.parametrize("after_frames", [None, 26, 60])
async def test_final_words_that_never_come_or_too_late_give_way_to_the_partial_ones(
    after_frames: int | None,
) -> None:
    scene = await told(
        Script(
            voice=SPEECH,
            words={100: "stole my card"},
            final_words="something else",
            final_after_frames=after_frames,
        )
    )
    ended = next(event for event in scene.events if event.kind is EventKind.UTTERANCE_ENDED)
    assert ended.data["pii_words"] == "stole my card"
    assert ended.at_seconds == pytest.approx((110 + 22 + 25) * 0.02, abs=0.05)
    assert scene.handed_over == [STEERED]


async def test_final_words_within_half_a_second_count() -> None:
    scene = await told(
        Script(
            voice=SPEECH,
            words={100: "stole my card"},
            final_words="opening hours",
            final_after_frames=20,
        )
    )
    assert scene.handed_over == ["branches 0 branch"]


# --- prompts that are missing, time that runs out --------------------------------------------------


async def test_a_call_without_any_prompt_is_steered_all_the_same() -> None:
    scene = await told(Script(missing_prompts=None, voice=SPEECH, words={100: STOLEN_WORDS}))
    assert scene.prompts == []
    assert scene.handed_over == [STEERED]


async def test_silence_without_any_prompt_ends_in_the_default_queue() -> None:
    scene = await told(Script(missing_prompts=None))
    assert scene.decisions == ["ask_again", "offer_keys", "repeat_menu", "route.default"]
    assert scene.handed_over == ["consultants 0 None"]


async def test_a_missing_last_prompt_of_two_is_not_recorded_as_played() -> None:
    scene = await told(
        Script(missing_prompts=frozenset({"menu"}), overloaded=True, keys={120: "1"})
    )
    assert scene.data(EventKind.PROMPT_STOPPED)[0]["prompt"] == "welcome"


async def test_who_talks_without_end_is_in_the_default_queue_at_the_limit() -> None:
    words = {frame: f"{UNCLEAR_WORDS} {frame}" for frame in range(70, 2990, 7)}
    scene = await told(Script(voice=[range(60, 9000)], words=words))
    assert scene.decisions[-1] == "route.default"
    assert scene.handed_over == ["consultants 0 None"]
    assert scene.events[-1].at_seconds <= 60.1


async def test_the_limit_hands_over_without_an_announcement() -> None:
    keys = dict.fromkeys((2000, 2400), "*")
    talk = [range(start, start + 100) for start in range(60, 2000, 150)]
    scene = await told(Script(voice=talk, keys=keys))
    assert scene.events[-1].at_seconds <= 60.1
    assert len(scene.handed_over) == 1


# --- the caller hangs up --------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [0, 10, 60, 90, 111, 118, 125, 160])
async def test_a_hang_up_at_any_stage_closes_everything_and_hands_nothing_over(frame: int) -> None:
    scene = Scene(Script(voice=SPEECH, words={100: STOLEN_WORDS}, hangs_up_at=frame))
    with pytest.raises(CallEndedError):
        await scene.tell()
    assert (scene.link.closed, scene.stream.closed) == (1, 1)
    assert scene.handed_over == []
    assert EventKind.CALL_STEERED not in scene.kinds


@pytest.mark.parametrize("error", [CallEndedError("gone"), PeerTimeoutError("stuck")])
async def test_an_end_while_audio_is_opened_gives_the_recogniser_back(error: Exception) -> None:
    scene = Scene(Script(open_audio_error=error))
    with pytest.raises(type(error)):
        await scene.tell()
    assert scene.stream.closed == 1
    assert scene.trace == ["close stream"]


@pytest.mark.parametrize("error", [CallEndedError("gone"), PeerTimeoutError("stuck")])
async def test_an_end_while_audio_comes_back_hands_nothing_over(error: Exception) -> None:
    scene = Scene(Script(keys={5: "1"}, finish_audio_error=error))
    with pytest.raises(type(error)):
        await scene.tell()
    assert scene.handed_over == []
    assert EventKind.CALL_STEERED not in scene.kinds


async def test_a_fault_of_the_audio_ends_the_call_instead_of_leaving_it_waiting() -> None:
    scene = Scene(Script(audio_fault_at=30))
    with pytest.raises(ExceptionGroup):
        await scene.tell()
    assert (scene.link.closed, scene.stream.closed) == (1, 1)


async def test_a_cancelled_story_closes_everything() -> None:
    scene = Scene(Script())
    telling = asyncio.create_task(scene.tell())
    await until(lambda: scene.frame >= 70)
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert (scene.link.closed, scene.stream.closed) == (1, 1)
    assert scene.handed_over == []
