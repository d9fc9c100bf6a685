"""An Asterisk of our own: configuration from `dialplan/`, its own folders and ports, started and stopped.

Nothing of a system's Asterisk is touched: the folder given holds configuration, database, logs and
control socket. The shipped files are used as they are; what differs from place to place is written
into `site/`, which they include.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ivr.errors import ConfigurationError
from sternik.asterisk.programs import AsteriskPrograms

_READY_SECONDS = 20.0
_STOP_SECONDS = 5.0
_CLI_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSite:
    """Where an instance lives and what it talks to.

    Ports are on `host`; RTP takes `rtp_start`..`rtp_end` (even, two a call leg). `agents` maps the
    names of agents' endpoints to the SIP addresses they are reached at; each is a member of every queue.
    """

    folder: Path
    dialplan_folder: Path
    prompts_folder: Path
    agi_address: str
    sip_port: int
    ami_port: int
    rtp_start: int
    rtp_end: int
    host: str = "127.0.0.1"
    steering_limit_seconds: int = 90
    queue_seconds: int = 600
    default_queue: str = "consultants"
    ami_secret: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    agents: Mapping[str, str] = field(default_factory=dict)
    hold_sound_folder: Path | None = None


class AsteriskInstance:
    """Runs `asterisk -f` for a site; `async with` returns when it answers calls and ends it after.

    Raises `ConfigurationError` when it does not come up, with the end of its log.
    """

    def __init__(self, *, site: AsteriskSite, programs: AsteriskPrograms) -> None:
        self.site = site
        self._programs = programs
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        write_configuration(self.site, self._programs)
        with (self.site.folder / "log" / "console").open("wb") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self._programs.command,
                "-C",
                str(self._configuration),
                "-f",
                "-q",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        try:
            await self._wait_until_ready()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    @property
    def _configuration(self) -> Path:
        return self.site.folder / "etc" / "asterisk.conf"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def command(self, line: str) -> str:
        """Run one command on Asterisk's console and return what it prints."""
        process = await asyncio.create_subprocess_exec(
            *self._programs.command,
            "-C",
            str(self._configuration),
            "-rx",
            line,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(_CLI_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return ""
        return output.decode("utf-8", "replace")

    async def ended(self) -> int:
        """Wait until the process ends by itself; returns its exit code."""
        assert self._process is not None  # noqa: S101
        return await self._process.wait()

    async def _wait_until_ready(self) -> None:
        assert self._process is not None  # noqa: S101
        booted = asyncio.create_task(self._booted())
        died = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait(
                {booted, died}, timeout=_READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if not booted.done():
                raise ConfigurationError(
                    "Asterisk ended while starting" if died.done() else "Asterisk did not start",
                    advice=f"the end of its log:\n{self._log_end()}",
                    where=str(self.site.folder),
                )
        finally:
            for task in (booted, died):
                task.cancel()
            await asyncio.wait({booted, died})

    async def _booted(self) -> None:
        """Ask until it says so; the console's socket appears before the modules are up."""
        control = self.site.folder / "run" / "asterisk.ctl"
        while True:
            if control.exists() and "fully booted" in await self.command("core waitfullybooted"):
                return
            await asyncio.sleep(0.05)

    def _log_end(self) -> str:
        lines: list[str] = []
        for name in ("messages", "console"):
            with contextlib.suppress(OSError):
                text = (self.site.folder / "log" / name).read_text("utf-8", "replace")
                lines += text.splitlines()[-15:]
        return "\n".join(lines) or "(empty)"

    async def _stop(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def write_configuration(site: AsteriskSite, programs: AsteriskPrograms) -> None:
    """Lay out the instance's folders, copy the dialplan's files and write what is the site's own."""
    for name in ("etc/site", "run", "log", "spool", "var/keys", "db"):
        (site.folder / name).mkdir(parents=True, exist_ok=True)
    for source in site.dialplan_folder.glob("*.conf"):
        shutil.copyfile(source, site.folder / "etc" / source.name)
    if not (site.folder / "etc" / "extensions.conf").exists():
        raise ConfigurationError(
            "no extensions.conf here",
            where=str(site.dialplan_folder),
            advice="run from the project's folder, or name the folder with STERNIK_DIALPLAN_FOLDER",
        )
    (site.folder / "etc" / "asterisk.conf").write_text(_asterisk_conf(site, programs), "utf-8")
    for name, text in _site_files(site).items():
        path = site.folder / "etc" / "site" / name
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")


def _asterisk_conf(site: AsteriskSite, programs: AsteriskPrograms) -> str:
    folder = site.folder
    return f"""[directories]
astetcdir => {folder}/etc
astmoddir => {programs.modules_folder}
astvarlibdir => {folder}/var
astdbdir => {folder}/db
astkeydir => {folder}/var
astdatadir => {programs.data_folder}
astagidir => {folder}/var
astspooldir => {folder}/spool
astrundir => {folder}/run
astlogdir => {folder}/log
[options]
nocolor = yes
live_dangerously = no
hideconnect = yes
"""


def _site_files(site: AsteriskSite) -> dict[str, str]:
    hold = site.hold_sound_folder or site.folder / "var"
    return {
        "globals.conf": f"STERNIK_AGI={site.agi_address}\n"
        f"STERNIK_LIMIT={site.steering_limit_seconds}\n"
        f"STERNIK_PROMPTS={site.prompts_folder}\n"
        f"STERNIK_QUEUE_SECONDS={site.queue_seconds}\n"
        f"STERNIK_DEFAULT_QUEUE={site.default_queue}\n",
        "transport.conf": "[transport-udp]\ntype = transport\nprotocol = udp\n"
        f"bind = {site.host}:{site.sip_port}\n",
        "agents.conf": "".join(_agent(name, uri) for name, uri in site.agents.items()),
        "queue_members.conf": "".join(f"member => PJSIP/{name}\n" for name in site.agents),
        "manager_address.conf": f"bindaddr = {site.host}\nport = {site.ami_port}\n",
        "manager_secret.conf": f"secret = {site.ami_secret}\n",
        "rtp_ports.conf": f"rtpstart = {site.rtp_start}\nrtpend = {site.rtp_end}\n",
        "hold_sound.conf": f"directory = {hold}\n",
    }


def _agent(name: str, uri: str) -> str:
    return (
        f"[{name}](sternik-agent)\naors = {name}\ncallerid = {name} <{name}>\n"
        f"[{name}]\ntype = aor\nmax_contacts = 1\ncontact = {uri}\n\n"
    )
