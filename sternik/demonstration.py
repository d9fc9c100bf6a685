"""`make run`: an Asterisk, a Sternik, an agent and a caller, started, shown and stopped together."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import signal
import socket
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from rich.console import Console

from ivr.errors import ConfigurationError
from ivr.store.opening import open_store
from sternik.asterisk_instance import AsteriskInstance, AsteriskSite
from sternik.asterisk_programs import provide_asterisk
from sternik.caller_voices import CallerVoice, speak_as_caller
from sternik.demonstration_agents import DemonstrationAgents
from sternik.placed_call import CallOutcome, CallPlan, place_call
from sternik.prompt_voices import prompts_voice
from sternik.settings import Settings, load_settings
from sternik.supervisor import Supervisor

SENTENCE = "someone stole my card, please block it"
EXPECTED_QUEUE = "cards-urgent"
NUMBER = "600"
_READY_SECONDS = 60.0
_RTP_PORTS = 1000
_AGENTS = 3


async def demonstrate(*, once: bool, console: Console) -> int:
    """Start everything, place the demonstration call, and go on serving unless `once`.

    Returns 0 only if the call was steered to the right queue and answered there.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    demonstration = asyncio.create_task(_demonstrate(once=once, console=console, stop=stopping))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({demonstration, stopped}, return_when=asyncio.FIRST_COMPLETED)
    interrupted = not demonstration.done()
    if interrupted:
        console.print("Stopping what was started …")
        demonstration.cancel()
    stopped.cancel()
    await asyncio.wait({demonstration, stopped})
    if demonstration.cancelled():
        return 130
    return demonstration.result()


async def _demonstrate(*, once: bool, console: Console, stop: asyncio.Event) -> int:
    settings = demonstration_settings()
    check_ports_free(settings)
    programs = await asyncio.to_thread(provide_asterisk, console.print)
    async with AsyncExitStack() as stack:
        agents = await stack.enter_async_context(DemonstrationAgents(count=_AGENTS))
        site = demonstration_site(settings, agents)
        await stack.enter_async_context(AsteriskInstance(site=site, programs=programs))
        console.print(
            f"Asterisk {programs.version} ({programs.origin}) takes calls on "
            f"{settings.sip_host}:{settings.sip_port}"
        )
        await stack.enter_async_context(_serving(settings, console))
        store = await open_store(settings.database_url)
        stack.push_async_callback(store.close)
        console.print()
        outcome = await place_call(_plan(settings), store.event_log, console)
        right = _judge(outcome, console)
        if not once:
            _say_what_next(settings, console)
            await stop.wait()
    return 0 if right else 1


def demonstration_settings() -> Settings:
    """The settings in force, with words kept as they come and an AMI secret made for this run."""
    return load_settings(store_partial_words=True, ami_secret=secrets.token_urlsafe(18))


def demonstration_site(settings: Settings, agents: DemonstrationAgents) -> AsteriskSite:
    """The Asterisk that fits these settings; all its files are below `var/asterisk`."""
    return AsteriskSite(
        folder=Path("var/asterisk").absolute(),
        dialplan_folder=settings.dialplan_folder,
        prompts_folder=settings.prompts_folder.absolute(),
        agi_address=f"{settings.agi_host}:{settings.agi_port}",
        host=settings.sip_host,
        sip_port=settings.sip_port,
        ami_port=settings.ami_port,
        ami_secret=settings.ami_secret.get_secret_value(),
        rtp_start=settings.rtp_start,
        rtp_end=settings.rtp_start + _RTP_PORTS - 1,
        agents=agents.addresses,
        hold_sound_folder=(settings.prompts_folder / "hold").absolute(),
    )


def check_ports_free(settings: Settings) -> None:
    """Raise `ConfigurationError` for the first port that another program uses, before a start."""
    wanted = (
        ("STERNIK_SIP_PORT", socket.SOCK_DGRAM, settings.sip_host, settings.sip_port),
        ("STERNIK_AMI_PORT", socket.SOCK_STREAM, settings.ami_host, settings.ami_port),
        ("STERNIK_AGI_PORT", socket.SOCK_STREAM, settings.agi_host, settings.agi_port),
    )
    for variable, kind, host, port in wanted:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as cause:
                if cause.errno != errno.EADDRINUSE:
                    raise
                raise ConfigurationError(
                    f"port {port} on {host} is used by another program",
                    where=variable,
                    advice=f"is another `make run` up? End it, or choose another port: "
                    f"{variable}={port + 1000} make run",
                ) from cause


class _serving:  # noqa: N801  (read as a verb where it is used)
    """Sternik itself: the parent in this process, its worker below, its log in a file."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._supervisor = Supervisor(settings, log_file=Path("var/log/sternik.log"))
        self._running: asyncio.Task[int] | None = None

    async def __aenter__(self) -> None:
        _export(self._settings)
        self._running = asyncio.create_task(self._supervisor.run())
        ready = asyncio.create_task(self._supervisor.ready.wait())
        await asyncio.wait(
            {self._running, ready}, timeout=_READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        ready.cancel()
        if not self._supervisor.ready.is_set():
            await self.__aexit__()
            raise ConfigurationError(
                "Sternik did not start", advice=_end_of(self._supervisor.log_file)
            )
        self._console.print(f"Sternik serves; its log is {self._supervisor.log_file}")

    async def __aexit__(self, *_: object) -> None:
        self._supervisor.stop()
        if self._running is not None:
            with suppress(asyncio.CancelledError):
                await self._running


def _export(settings: Settings) -> None:
    """Hand these settings on to the worker, which reads the environment."""
    os.environ["STERNIK_STORE_PARTIAL_WORDS"] = str(settings.store_partial_words)
    os.environ["STERNIK_AMI_SECRET"] = settings.ami_secret.get_secret_value()


def _plan(settings: Settings) -> CallPlan:
    voice = CallerVoice.SLT
    speech = speak_as_caller(
        SENTENCE, voice=voice, prompts_voice=prompts_voice(settings.prompts_folder / "en")
    )
    return CallPlan(
        host=settings.sip_host,
        port=settings.sip_port,
        number=NUMBER,
        said=f"“{SENTENCE}” (voice: {voice})",
        speech=speech,
    )


def _judge(outcome: CallOutcome, console: Console) -> bool:
    right = outcome.steered_to == outcome.answered_from == EXPECTED_QUEUE
    console.print()
    if right:
        console.print(f"The call was steered to {EXPECTED_QUEUE} and answered there.", style="green")
    else:
        console.print(
            f"The call should have been answered from {EXPECTED_QUEUE}; it was steered to "
            f"{outcome.steered_to or 'nowhere'} and answered from {outcome.answered_from or 'nowhere'}.",
            style="red",
        )
    return right


def _say_what_next(settings: Settings, console: Console) -> None:
    console.print(
        f"\nSternik keeps serving; Ctrl-C stops everything. Try, in another terminal:\n"
        f'  .venv/bin/sternik say "I forgot my PIN"\n'
        f"  .venv/bin/sternik call FILE.wav        what you recorded yourself\n"
        f"  .venv/bin/sternik say --keys 0         a key instead of words\n"
        f"or ring sip:{NUMBER}@{settings.sip_host}:{settings.sip_port} with any SIP phone.",
        markup=False,
    )


def _end_of(path: Path) -> str:
    with suppress(OSError):
        return "the end of its log:\n" + "\n".join(path.read_text("utf-8").splitlines()[-12:])
    return f"its log {path} could not be read"
