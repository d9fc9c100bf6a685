"""Whatever a caller, a recogniser and the network do: one end, and nothing left open."""

from __future__ import annotations

import asyncio

from call_scene import STOLEN_WORDS, UNCLEAR_WORDS, Scene, Script, quick
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.errors import CallEndedError
from ivr.ports import EventKind

LIMIT_FRAMES = 600
POLICY = quick()
# Audio that ends, or that the limit ends, ends within a few frames.
MARGIN_SECONDS = 0.1

frames = st.integers(min_value=0, max_value=LIMIT_FRAMES)
words = st.sampled_from(
    [
        *("", "someone", STOLEN_WORDS, UNCLEAR_WORDS, "opening hours", "a consultant"),
        *("welcome to the bank", "stole my card"),
    ]
)
scripts = st.builds(
    Script,
    voice=st.lists(
        st.builds(lambda start, length: range(start, start + length), frames, st.integers(1, 200)),
        max_size=6,
    ),
    words=st.dictionaries(frames, words, max_size=12),
    keys=st.dictionaries(frames, st.text("0123456789*#ABCD", min_size=1, max_size=3), max_size=3),
    hangs_up_at=st.none() | frames,
    final_words=st.none() | words,
    final_after_frames=st.none() | st.integers(1, 60),
    missing_prompts=st.none()
    | st.frozensets(
        st.sampled_from(["greeting", "menu", "repeat_no_input", "connecting_branches"])
    ),
    overloaded=st.booleans(),
    recogniser_lost_at=st.none() | frames,
    loss_is_told=st.booleans(),
    open_audio_error=st.none() | st.builds(CallEndedError, st.just("gone")),
    finish_audio_error=st.none() | st.builds(CallEndedError, st.just("gone")),
    policy=st.just(POLICY),
)


async def tell(scene: Scene) -> bool:
    """Whether it was handed over; no task may be left by its story."""
    handed_over = True
    try:
        await scene.tell()
    except CallEndedError:
        handed_over = False
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return handed_over


@settings(max_examples=150, deadline=None)
@given(script=scripts)
def test_every_call_ends_handed_over_once_or_ended_and_leaves_nothing_open(script: Script) -> None:
    scene = Scene(script)
    handed_over = asyncio.run(tell(scene))
    assert len(scene.handed_over) == int(handed_over)
    assert scene.link.closed == int("open audio" in scene.trace)
    assert scene.stream.closed == int(scene.stream.opened)
    if handed_over:
        assert scene.trace[-2:] == ["finish audio", f"hand over {scene.handed_over[0]}"]
        assert scene.kinds[-1] is EventKind.CALL_STEERED
    assert scene.frame * 0.02 <= POLICY.timers.steering_limit_seconds + MARGIN_SECONDS


@settings(max_examples=100, deadline=None)
@given(script=scripts)
def test_every_prompt_that_started_stopped_once_before_the_next(script: Script) -> None:
    scene = Scene(script)
    asyncio.run(tell(scene))
    playing: list[object] = []
    for event in scene.events:
        if event.kind is EventKind.PROMPT_STARTED:
            playing.append(event.data["prompt"])
        elif event.kind is EventKind.PROMPT_STOPPED:
            assert playing
            assert event.data["prompt"] == playing[-1]
            playing.clear()
    if script.hangs_up_at is None:
        assert not playing


@settings(max_examples=60, deadline=None)
@given(script=scripts)
def test_what_was_said_is_recorded_under_personal_keys_only(script: Script) -> None:
    scene = Scene(script)
    asyncio.run(tell(scene))
    said = {text for text in (*script.words.values(), script.final_words or "") if text}
    said.discard("a consultant")
    for event in scene.events:
        shown = str({key: value for key, value in event.data.items() if key[:4] != "pii_"})
        assert not [text for text in said if text in shown]
