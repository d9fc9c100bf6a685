"""A whole hotline on this machine: Asterisk, Sternik, agents and a place to ring from.

The demonstration, the tests and the benchmarks all stand on it. Everything lives below one folder and
on ports of its own, so several can run side by side, and beside a real one.
"""

from __future__ import annotations

import random
import secrets
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from ivr.store.opening import Store, open_store
from sternik.asterisk.instance import AsteriskInstance, AsteriskSite
from sternik.asterisk.programs import AsteriskPrograms
from sternik.rehearsal import NUMBER
from sternik.rehearsal.agents import DemonstrationAgents
from sternik.rehearsal.server_process import ServerProcess
from sternik.settings import Settings, load_settings

__all__ = ["NUMBER", "Rehearsal", "private_settings"]

_RTP_PORTS = 1000


class Rehearsal:
    """One hotline; `async with` returns when it takes calls.

    `server` may be stopped, killed and started again under it; `asterisk` and `agents` live on.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        folder: Path,
        programs: AsteriskPrograms,
        agents: int = 3,
        ring_seconds: float = 1.0,
        steering_limit_seconds: int = 90,
        serve: bool = True,
    ) -> None:
        self.settings = settings
        self.agents = DemonstrationAgents(
            count=agents, host=settings.sip_host, ring_seconds=ring_seconds
        )
        self.server = ServerProcess(settings, log_file=folder / "log" / "sternik.log")
        self._folder = folder
        self._programs = programs
        self._steering_limit_seconds = steering_limit_seconds
        self._serve = serve
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._stack.enter_async_context(self.agents)
            self.asterisk = await self._stack.enter_async_context(
                AsteriskInstance(site=self._site(), programs=self._programs)
            )
            self._stack.push_async_callback(self.server.stop)
            if self._serve:
                await self.server.start()
            self.store: Store = await open_store(self.settings.database_url)
            self._stack.push_async_callback(self.store.close)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _site(self) -> AsteriskSite:
        settings = self.settings
        return AsteriskSite(
            folder=(self._folder / "asterisk").absolute(),
            dialplan_folder=settings.dialplan_folder,
            prompts_folder=settings.prompts_folder.absolute(),
            agi_address=f"{settings.agi_host}:{settings.agi_port}",
            host=settings.sip_host,
            sip_port=settings.sip_port,
            ami_port=settings.ami_port,
            ami_secret=settings.ami_secret.get_secret_value(),
            rtp_start=settings.rtp_start,
            rtp_end=settings.rtp_start + _RTP_PORTS - 1,
            steering_limit_seconds=self._steering_limit_seconds,
            agents=self.agents.addresses,
            hold_sound_folder=(settings.prompts_folder / "hold").absolute(),
        )


def private_settings(folder: Path, **overrides: object) -> Settings:
    """Settings for a hotline beside others: free ports, its own database, a fresh AMI secret."""
    tcp = [_free_port(socket.SOCK_STREAM) for _ in range(2)]
    return load_settings(
        **{
            "agi_port": tcp[0],
            "ami_port": tcp[1],
            "sip_port": _free_port(socket.SOCK_DGRAM),
            "rtp_start": 2 * random.randint(11_000, 31_000),  # noqa: S311
            "ami_secret": secrets.token_urlsafe(18),
            "database_url": f"sqlite+aiosqlite:///{folder / 'sternik.sqlite3'}",
            **overrides,
        }
    )


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
