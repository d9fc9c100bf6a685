"""The story of one call: greeted, heard, understood, decided, handed over. It has one owner: this.

Everything that happens (frames, keys, ends of prompts, words) comes in one order through `_next_input`;
the pure parts of `ivr.steering` say what to do, and this does it. All waiting is measured in the
caller's audio time, which goes on even when the caller's phone sends nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from ivr.call.ears import CallEars, FalseStarted, Heard, Utterance, WordsChanged, audio_ms
from ivr.call.record import CallRecord
from ivr.errors import CallEndedError, RecogniserLostError
from ivr.ports import (
    AudioClosed,
    AudioEvent,
    AudioLink,
    CallControl,
    CallerDigit,
    CallerFrame,
    FinalWords,
    PartialWords,
    PlaybackEnded,
    PromptLibrary,
    RecognisedWords,
    RecogniserPool,
)
from ivr.steering import dialogue
from ivr.steering.barge_in import FULL_GAIN, SetGain, StopPlayback
from ivr.steering.dialogue_states import (
    Action,
    CancelTimer,
    Decide,
    Event,
    FalseStart,
    HandOver,
    KeyPressed,
    Listen,
    PlayPrompt,
    PromptFinished,
    RecogniserUnavailable,
    SpeechStarted,
    StartTimer,
    State,
    Step,
    StopListening,
    StopPrompt,
    TimeLimitReached,
    Timer,
    TimerExpired,
    UtteranceEnded,
)
from ivr.steering.endpointing import SpeechBegan
from ivr.steering.policy import Policy
from ivr.steering.routing import Destination
from ivr.steering.text import spoken_words

_log = structlog.get_logger(__name__)
# Between the readers and the story; a full queue makes the readers wait, and the audio link drops its
# oldest frames then.
_MAX_INPUTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _EarsLost:
    """The recogniser of this call is gone."""

    problem: str


_Input = AudioEvent | RecognisedWords | _EarsLost


@dataclass(frozen=True, slots=True, kw_only=True)
class _Playing:
    """The prompts that play, by the name and number of the last one."""

    prompt: str
    last_playback: int


class CallStory:
    """One call. `tell` returns when the dialplan has been told, or raises what ended the call."""

    def __init__(
        self,
        *,
        control: CallControl,
        ears: CallEars,
        prompts: PromptLibrary,
        policy: Policy,
        record: CallRecord,
    ) -> None:
        self._control = control
        self._ears = ears
        self._prompts = prompts
        self._policy = policy
        self._record = record
        self._inputs: asyncio.Queue[_Input] = asyncio.Queue(maxsize=_MAX_INPUTS)
        self._link: AudioLink | None = None
        self._state: State | None = None
        self._waiting_events: deque[Event] = deque()
        self._in_step = False
        self._playing: _Playing | None = None
        self._timers: dict[Timer, int] = {}
        self._now_ms = 0
        self._intent: str | None = None
        self._destination: Destination | None = None
        self._closed: str | None = None
        self._ears_lost = False

    async def tell(self, pool: RecogniserPool) -> None:
        """Steer the call to its queue.

        Raises `CallEndedError` when the caller hangs up, and the peer's errors as they come.
        """
        can_listen = await self._ears.open(pool)
        try:
            self._link = await self._control.open_audio()
            try:
                destination = await self._converse(self._link, can_listen=can_listen)
            finally:
                await self._link.close()
        finally:
            await self._ears.close()
        await self._control.finish_audio()
        await self._control.hand_over(
            queue=destination.queue, priority=destination.priority, intent=self._intent
        )
        self._record.steered(destination, self._intent)

    async def _converse(self, link: AudioLink, *, can_listen: bool) -> Destination:
        """Talk until it is known where the call goes; the fault of a reader ends the call."""
        async with asyncio.TaskGroup() as tasks:
            readers = [
                tasks.create_task(self._read(link.events())),
                tasks.create_task(self._read_ears()),
            ]
            self._begin(dialogue.start(self._policy, can_listen=can_listen))
            while self._destination is None and self._closed is None:
                self._take_input(await self._inputs.get())
            for reader in readers:
                reader.cancel()
        if self._destination is None:
            raise CallEndedError(self._closed)
        return self._destination

    async def _read(self, events: AsyncIterator[_Input]) -> None:
        async for event in events:
            await self._inputs.put(event)

    async def _read_ears(self) -> None:
        try:
            await self._read(self._ears.results())
        except RecogniserLostError as lost:
            await self._inputs.put(_EarsLost(problem=str(lost)))

    # --- what happens -----------------------------------------------------------------------------

    def _take_input(self, happened: _Input) -> None:
        match happened:
            case CallerFrame():
                self._hear_frame(happened)
            case PartialWords() | FinalWords():
                self._hear(partial(self._ears.hear_words, happened))
            case CallerDigit(digit=digit):
                self._press_key(digit)
            case PlaybackEnded(playback=number):
                self._end_playback(number)
            case _EarsLost(problem=problem):
                self._lose_ears(problem)
            case AudioClosed(reason=reason):
                self._closed = reason

    def _hear_frame(self, frame: CallerFrame) -> None:
        self._now_ms = audio_ms(frame)
        self._hear(partial(self._ears.hear_frame, frame))
        self._run_timers()

    def _hear(self, hear: Callable[[], tuple[Heard, ...]]) -> None:
        """React to what the ears make of something; whatever they do may find the recogniser lost."""
        try:
            heard = hear()
        except RecogniserLostError as lost:
            self._lose_ears(str(lost))
            return
        for one in heard:
            self._react_to(one)

    def _react_to(self, heard: Heard) -> None:
        assert self._link is not None  # noqa: S101  (nothing is heard without it)
        match heard:
            case SetGain(gain=gain):
                self._link.set_gain(gain)
            case StopPlayback():
                self._stop_prompt("the caller spoke")
            case SpeechBegan():
                self._record.speech_started()
                self._advance(SpeechStarted())
            case WordsChanged(words=words, classification=classification):
                self._record.words_heard(words, classification)
            case FalseStarted():
                self._advance(FalseStart())
            case Utterance():
                self._end_utterance(heard)

    def _end_utterance(self, utterance: Utterance) -> None:
        self._record.utterance_ended(utterance)
        self._advance(
            UtteranceEnded(
                words=utterance.words,
                classification=utterance.classification,
                word_confidences=utterance.word_confidences,
            )
        )

    def _press_key(self, digit: str) -> None:
        self._record.key_pressed(digit)
        self._advance(KeyPressed(digit=digit))

    def _end_playback(self, number: int) -> None:
        if self._playing is not None and self._playing.last_playback == number:
            self._forget_prompt("finished")
            self._advance(PromptFinished())

    def _lose_ears(self, problem: str) -> None:
        """Go on with keys; the loss is told by whoever notices first, and again by the others."""
        self._ears.stop_listening()
        if not self._ears_lost:
            self._ears_lost = True
            self._record.recogniser_lost(problem)
            self._advance(RecogniserUnavailable())

    def _run_timers(self) -> None:
        limit_ms = round(self._policy.timers.steering_limit_seconds * 1000)
        if self._now_ms >= limit_ms and self._destination is None:
            self._advance(TimeLimitReached())
        for timer, due_ms in tuple(self._timers.items()):
            if self._now_ms >= due_ms and self._timers.pop(timer, None) is not None:
                if timer is Timer.NO_INPUT:
                    self._record.no_input()
                self._advance(TimerExpired(timer=timer))

    # --- what to do -------------------------------------------------------------------------------

    def _advance(self, event: Event) -> None:
        """Tell the dialogue; an event that arises while a step is being done waits for its end."""
        self._waiting_events.append(event)
        if not self._in_step:
            self._advance_all()

    def _advance_all(self) -> None:
        while self._waiting_events:
            assert self._state is not None  # noqa: S101  (`_converse` takes the first step)
            event = self._waiting_events.popleft()
            self._do_step(dialogue.advance(self._policy, self._state, event))

    def _begin(self, step: Step) -> None:
        self._do_step(step)
        self._advance_all()

    def _do_step(self, step: Step) -> None:
        self._state = step.state
        self._in_step = True
        for action in step.actions:
            self._do(action)
        self._in_step = False

    def _do(self, action: Action) -> None:
        match action:
            case PlayPrompt(prompts=prompts, interruptible=interruptible):
                self._play(prompts, interruptible=interruptible)
            case StopPrompt():
                self._stop_prompt("no longer needed")
            case StartTimer(timer=timer, seconds=seconds):
                self._timers[timer] = self._now_ms + round(seconds * 1000)
            case CancelTimer(timer=timer):
                self._timers.pop(timer, None)
            case Listen():
                self._hear(self._ears.listen)
            case StopListening():
                self._ears.stop_listening()
            case Decide(decision=decision):
                self._intent = decision.intent or self._intent
                self._record.decided(decision)
            case HandOver(destination=destination):
                self._destination = destination

    def _play(self, prompts: tuple[str, ...], *, interruptible: bool) -> None:
        assert self._link is not None  # noqa: S101
        self._stop_prompt("replaced")
        language = self._policy.language
        for prompt in prompts:
            pcm = self._prompts.pcm(prompt, language)
            if pcm is not None:
                self._playing = _Playing(prompt=prompt, last_playback=self._link.play(pcm))
                self._record.prompt_started(prompt)
        if self._playing is None:  # all are missing: a call goes on without its prompt
            self._advance(PromptFinished())
            return
        if interruptible:
            text = " ".join(self._prompts.text(prompt, language) for prompt in prompts)
            self._ears.start_prompt(spoken_words(text, language))

    def _stop_prompt(self, reason: str) -> None:
        if self._playing is not None and self._link is not None:
            self._link.stop_playback()
            self._forget_prompt(reason)

    def _forget_prompt(self, reason: str) -> None:
        if self._playing is not None and self._link is not None:
            self._record.prompt_stopped(self._playing.prompt, reason)
            self._playing = None
            self._link.set_gain(FULL_GAIN)
            self._hear(self._ears.end_prompt)
