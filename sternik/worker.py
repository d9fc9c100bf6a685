"""The worker process: the composition root of everything that serves calls.

Started by `sternik.supervisor`, with a pipe to give heartbeat on. SIGTERM: take no new calls, let
those under way finish for a while, end. The same when the parent is gone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial

import structlog

from ivr.asterisk.agi_call import AgiCall
from ivr.asterisk.agi_server import AgiServer, AgiSession
from ivr.asterisk.ami_events import AmiAddress, AmiEvents
from ivr.asterisk.audiosocket_server import AudioSocketServer
from ivr.call.ears import CallEars
from ivr.call.record import CallRecord
from ivr.call.story import CallStory
from ivr.errors import (
    CallEndedError,
    ConfigurationError,
    ModelUnusableError,
    SternikError,
    StoreUnavailableError,
)
from ivr.models.voice_activity import WebRtcVoiceDetector
from ivr.numbers import to_e164
from ivr.policy_file import read_policy
from ivr.ports import (
    CallEvent,
    CallJournal,
    EventKind,
    PromptLibrary,
)
from ivr.prompt_texts import read_prompt_texts
from ivr.prompts import FilePromptLibrary
from ivr.steering.policy import Policy
from ivr.store.opening import open_store
from sternik.logs import LogFormat, set_up_logs
from sternik.model.in_service import ModelInService, ServedModel
from sternik.model.opening import ModelOpener
from sternik.model.watch import ModelWatch
from sternik.settings import Settings, load_settings
from sternik.speech.in_force import choose_ears
from sternik.supervisor import (
    EXIT_CONFIGURATION,
    EXIT_TRY_AGAIN,
    HEARTBEAT_DESCRIPTOR,
    HEARTBEAT_SECONDS,
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallServices:
    """What every call of this worker shares."""

    audio: AudioSocketServer
    models: ModelInService
    prompts: PromptLibrary
    policy: Policy
    journal: CallJournal
    region: str


async def steer_call(services: CallServices, session: AgiSession) -> None:
    """One AGI session from its first line to its last, with the model that is in service as it begins."""
    with services.models.held() as model:
        await _steer_with(model, services, session)


async def _steer_with(model: ServedModel, services: CallServices, session: AgiSession) -> None:
    """Build the call's parts and tell its story."""
    control = AgiCall(session=session, audio=services.audio)
    record = CallRecord(
        journal=services.journal, interaction_id=control.interaction_id, now=time.time
    )
    record.started(
        caller_number=to_e164(control.caller_number, services.region),
        called_number=control.called_number,
        channel=control.channel,
        ears=model.pool.description,
        classifier=model.version,
        policy=services.policy.version,
    )
    ears = CallEars(
        policy=services.policy, classifier=model.classifier, detector=WebRtcVoiceDetector()
    )
    story = CallStory(
        control=control,
        ears=ears,
        prompts=services.prompts,
        policy=services.policy,
        record=record,
    )
    outcome = "failed"
    try:
        await story.tell(model.pool)
        outcome = "steered"
    except CallEndedError:
        outcome = "hung_up"
    finally:
        record.ended(outcome)
        await control.abandon()


class Worker:
    """Serves until stopped. `run` raises what a configuration or model lacks before it serves."""

    def __init__(self, settings: Settings, *, heartbeat_descriptor: int | None) -> None:
        self._settings = settings
        self._heartbeat_descriptor = heartbeat_descriptor
        self._stopping = asyncio.Event()
        self._server: AgiServer | None = None

    async def run(self) -> None:
        """Build everything, serve, and take it down in the reverse order."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        settings = self._settings
        policy = read_policy(settings.policy_file)
        opener = ModelOpener(settings, choose_ears(settings), topics=policy.intents.keys())
        background: set[asyncio.Task[None]] = set()
        async with AsyncExitStack() as stack:
            # First in, last out: the heartbeat goes on while calls end and the store is flushed.
            stack.push_async_callback(_cancel, background)
            store = await open_store(settings.database_url)
            stack.push_async_callback(store.close)
            journal = await stack.enter_async_context(store.journal())
            models = ModelInService(await opener.open_first())
            stack.push_async_callback(models.close)
            audio = await stack.enter_async_context(
                AudioSocketServer(host=settings.audiosocket_host, port=settings.audiosocket_port)
            )
            services = CallServices(
                audio=audio,
                models=models,
                prompts=_prompts(settings, policy),
                policy=policy,
                journal=_without_partial_words(journal, keep=settings.store_partial_words),
                region=settings.region,
            )
            self._server = await stack.enter_async_context(
                AgiServer(
                    handler=partial(steer_call, services),
                    host=settings.agi_host,
                    port=settings.agi_port,
                )
            )
            # The first heartbeat says that calls are served, so nothing before this gives one.
            background.add(asyncio.create_task(self._beat()))
            watching = asyncio.create_task(_watch(settings, models, opener).run())
            stack.push_async_callback(_cancel, {watching})
            if settings.ami_port:
                background.add(asyncio.create_task(_ami(settings, journal).run()))
            _log.info(
                "serving",
                agi_port=self._server.port,
                ears=models.model.pool.description.engine,
                model=models.model.version,
            )
            await self._stopping.wait()
            await self._drain(self._server)

    async def _beat(self) -> None:
        """Tell the parent that the event loop turns; stop serving when there is no parent any more."""
        if self._heartbeat_descriptor is None:
            return
        while True:
            try:
                os.write(self._heartbeat_descriptor, b".")
            except OSError:
                _log.warning("the parent process is gone: finishing the calls under way")
                self._stopping.set()
                return
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _drain(self, server: AgiServer) -> None:
        server.stop_listening()
        if server.open_connections:
            _log.info("finishing the calls under way", calls=server.open_connections)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_seconds):
                await server.idle()


def _watch(settings: Settings, models: ModelInService, opener: ModelOpener) -> ModelWatch:
    return ModelWatch(
        root=settings.models_folder,
        language=settings.language,
        service=models,
        open_model=opener.open,
    )


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


class _WithoutPartialWords:
    """A journal that leaves out the words as they come."""

    def __init__(self, journal: CallJournal) -> None:
        self._journal = journal

    def record(self, event: CallEvent) -> None:
        """Record everything but partial words."""
        if event.kind is not EventKind.WORDS_HEARD:
            self._journal.record(event)


def _without_partial_words(journal: CallJournal, *, keep: bool) -> CallJournal:
    return journal if keep else _WithoutPartialWords(journal)


def _prompts(settings: Settings, policy: Policy) -> FilePromptLibrary:
    language = settings.language
    texts = read_prompt_texts(settings.dialplan_folder / "prompts" / f"{language}.yaml")
    library = FilePromptLibrary(
        [settings.dialplan_folder / "prompts", settings.prompts_folder],
        texts={language: {str(name): text for name, text in texts.items()}},
    )
    # Said now rather than in the first call that needs one; and no call waits for the disk.
    for problem in library.check(policy.prompt_names(), language):
        _log.warning("prompt unusable", problem=str(problem), advice=problem.advice)
    return library


def _ami(settings: Settings, journal: CallJournal) -> AmiEvents:
    address = AmiAddress(
        host=settings.ami_host,
        port=settings.ami_port,
        user=settings.ami_user,
        secret=settings.ami_secret.get_secret_value(),
    )
    return AmiEvents(address=address, journal=journal, now=time.time)


def main() -> int:
    """Run the worker; a problem that an administrator has to mend ends with code 78 and plain words."""
    descriptor = os.environ.get(HEARTBEAT_DESCRIPTOR)
    try:
        settings = load_settings()
        set_up_logs(
            level=settings.log_level,
            log_format=LogFormat.JSON if settings.log_json else LogFormat.CONSOLE,
            show_personal_data=settings.show_personal_data,
        )
        worker = Worker(settings, heartbeat_descriptor=int(descriptor) if descriptor else None)
        asyncio.run(worker.run())
    except (ConfigurationError, ModelUnusableError) as error:
        _complain(error)
        return EXIT_CONFIGURATION
    except StoreUnavailableError as error:
        _complain(error)
        return EXIT_TRY_AGAIN
    return 0


def _complain(error: SternikError) -> None:
    print(f"sternik: {error}", file=sys.stderr)  # noqa: T201
    if advice := getattr(error, "advice", ""):
        print(f"  {advice}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
