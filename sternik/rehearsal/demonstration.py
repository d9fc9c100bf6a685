"""`make run`: an Asterisk, a Sternik, an agent and a caller, started, shown and stopped together."""

from __future__ import annotations

import asyncio
import errno
import secrets
import signal
import socket
from pathlib import Path

from rich.console import Console

from ivr.errors import ConfigurationError
from ivr.models.artefact import load_artefact
from sternik.asterisk.programs import provide_asterisk
from sternik.rehearsal.hotline import NUMBER, Rehearsal
from sternik.rehearsal.placed_call import CallOutcome, CallPlan, place_call
from sternik.settings import Settings, load_settings
from sternik.speech.in_force import choose_ears
from sternik.voices.callers import CallerVoice, speak_as_caller
from sternik.voices.prompts import prompts_voice

SENTENCE = "someone stole my card, please block it"
EXPECTED_QUEUE = "cards-urgent"
_EXIT_INTERRUPTED = 130


async def demonstrate(*, once: bool, console: Console) -> int:
    """Start everything, place the demonstration call, and go on serving unless `once`.

    Returns 0 only if the call was steered to the right queue and answered there.
    """
    stop, serving = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    demonstration = asyncio.create_task(
        _demonstrate(once=once, console=console, stop=stop, serving=serving)
    )
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({demonstration, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        console.print("Stopping what was started …")
        if not serving.is_set():
            demonstration.cancel()
    stopped.cancel()
    await asyncio.wait({demonstration, stopped})
    return _EXIT_INTERRUPTED if demonstration.cancelled() else demonstration.result()


async def _demonstrate(
    *, once: bool, console: Console, stop: asyncio.Event, serving: asyncio.Event
) -> int:
    settings = load_settings(store_partial_words=True, ami_secret=secrets.token_urlsafe(18))
    check_ports_free(settings)
    programs = await asyncio.to_thread(provide_asterisk, console.print)
    hotline = Rehearsal(settings=settings, folder=Path("var"), programs=programs)
    async with hotline:
        console.print(
            f"Asterisk {programs.version} ({programs.origin}) takes calls on "
            f"{settings.sip_host}:{settings.sip_port}; Sternik's log is {hotline.server.log_file}",
            soft_wrap=True,
        )
        console.print(_which_ears(settings) + "\n", soft_wrap=True)
        outcome = await place_call(_plan(settings), hotline.store.event_log, console)
        right = _judge(outcome, console)
        if not once:
            _say_what_next(settings, console)
            serving.set()
            await stop.wait()
    return 0 if right else 1


def _which_ears(settings: Settings) -> str:
    artefact = load_artefact(settings.models_folder, settings.language)
    return (
        f"{choose_ears(settings).who}, with the language model and classifier of {artefact.version}"
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


def _plan(settings: Settings) -> CallPlan:
    voice = CallerVoice.RMS
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
        console.print(
            f"The call was steered to {EXPECTED_QUEUE} and answered there.", style="green"
        )
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
