"""The story of one call: greeted, heard, understood, decided, handed over. It has one owner: this.

Everything that happens (frames, keys, ends of prompts, words) comes in one order through `_next_input`;
the pure parts of `ivr.steering` say what to do, and this does it. All waiting is measured in the
caller's audio time, which goes on even when the caller's phone sends nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

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
from ivr.steering.barge_in import BargeIn, Command, SetGain
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


@dataclass(slots=True, kw_only=True)
class _Playing:
    """The prompts that play: the number of the last one, and the barge-in watching them."""

    prompt: str
    last_playback: int
    barge_in: BargeIn | None


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
        readers = [
            asyncio.create_task(self._read(link.events())),
            asyncio.create_task(self._read_ears()),
        ]
        try:
            self._begin(dialogue.start(self._policy, can_listen=can_listen))
            while self._destination is None:
                self._take_input(await self._inputs.get())
            return self._destination
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.wait(readers)

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
                self._react(self._ears.hear_words(happened))
            case CallerDigit(digit=digit):
                self._press_key(digit)
            case PlaybackEnded(playback=number):
                self._end_playback(number)
            case _EarsLost(problem=problem):
                self._lose_ears(problem)
            case AudioClosed(reason=reason):
                raise CallEndedError(reason)

    def _hear_frame(self, frame: CallerFrame) -> None:
        self._now_ms = audio_ms(frame)
        voice = self._ears.hear_voice(frame)
        if self._playing is not None and self._playing.barge_in is not None:
            self._yield(self._playing.barge_in.hear_frame(self._now_ms, voice=voice))
        try:
            self._react(self._ears.hear_frame(frame, voice=voice))
        except RecogniserLostError as lost:
            self._lose_ears(str(lost))
        self._run_timers()

    def _react(self, heard: Heard | None) -> None:
        match heard:
            case SpeechBegan() if self._playing is None:
                self._start_speech()
            case WordsChanged(words=words, classification=classification):
                self._record.words_heard(words, classification)
                if self._playing is not None and self._playing.barge_in is not None:
                    spoken = spoken_words(words, self._policy.language)
                    self._yield(self._playing.barge_in.hear_words(spoken))
            case FalseStarted() if self._playing is None:
                self._advance(FalseStart())
            # Under a prompt that nobody interrupted, an utterance is the prompt's own echo.
            case Utterance() if self._playing is None:
                self._end_utterance(heard)

    def _start_speech(self) -> None:
        self._record.speech_started()
        self._advance(SpeechStarted())

    def _end_utterance(self, utterance: Utterance) -> None:
        self._record.utterance_ended(utterance)
        self._advance(
            UtteranceEnded(words=utterance.words, classification=utterance.classification)
        )

    def _press_key(self, digit: str) -> None:
        self._record.key_pressed(digit)
        self._advance(KeyPressed(digit=digit))

    def _end_playback(self, number: int) -> None:
        if self._playing is None or self._playing.last_playback != number:
            return
        self._forget_prompt("finished")
        self._advance(PromptFinished())
        if self._ears.in_speech:
            self._start_speech()

    def _lose_ears(self, problem: str) -> None:
        self._ears.stop_listening()
        self._record.recogniser_lost(problem)
        self._advance(RecogniserUnavailable())

    def _yield(self, command: Command | None) -> None:
        """What barge-in commands, done."""
        if command is None or self._link is None:
            return
        if isinstance(command, SetGain):
            self._link.set_gain(command.gain)
            return
        self._stop_prompt("the caller spoke")
        self._start_speech()

    def _run_timers(self) -> None:
        limit_ms = round(self._policy.timers.steering_limit_seconds * 1000)
        if self._now_ms >= limit_ms and self._destination is None:
            self._advance(TimeLimitReached())
        for timer, due_ms in tuple(self._timers.items()):
            if self._now_ms >= due_ms:
                del self._timers[timer]
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
                self._ears.listen()
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
        last = None
        for prompt in prompts:
            pcm = self._prompts.pcm(prompt, language)
            if pcm is not None:
                last = self._link.play(pcm)
                self._record.prompt_started(prompt)
        if last is None:  # all are missing: a call goes on without its prompt
            self._advance(PromptFinished())
            return
        text = " ".join(self._prompts.text(prompt, language) for prompt in prompts)
        words = spoken_words(text, language)
        barge_in = BargeIn(self._policy.barge_in, words) if interruptible else None
        self._playing = _Playing(prompt=prompts[-1], last_playback=last, barge_in=barge_in)

    def _stop_prompt(self, reason: str) -> None:
        if self._playing is not None and self._link is not None:
            self._link.stop_playback()
            self._forget_prompt(reason)

    def _forget_prompt(self, reason: str) -> None:
        if self._playing is not None and self._link is not None:
            self._record.prompt_stopped(self._playing.prompt, reason)
            self._playing = None
            self._link.set_gain(1.0)
