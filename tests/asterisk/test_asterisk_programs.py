"""The Asterisk that set-up found or made starts, outside any chroot, with the modules in use."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from sternik.asterisk.programs import provide_asterisk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sternik.asterisk.programs import AsteriskPrograms

MODULES = (
    "app_audiosocket",
    "app_playback",
    "app_queue",
    "bridge_simple",
    "chan_pjsip",
    "codec_alaw",
    "codec_ulaw",
    "format_pcm",
    "format_wav",
    "pbx_config",
    "res_agi",
    "res_audiosocket",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_pubsub",
    "res_pjsip_sdp_rtp",
    "res_pjsip_session",
    "res_rtp_asterisk",
    "res_sorcery_astdb",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_speech",
    "res_timing_timerfd",
    "res_musiconhold",
)

FILES = {
    "extensions.conf": "[general]\n[default]\nexten => _X.,1,Hangup()\n",
    "queues.conf": "[general]\n[cards]\n",
    "musiconhold.conf": "[default]\nmode=files\ndirectory=.\n",
    "pjsip.conf": "[caller]\ntype=endpoint\ncontext=default\nallow=!all,ulaw\n",
    "modules.conf": "[modules]\nautoload=no\n" + "".join(f"load={name}.so\n" for name in MODULES),
}
FOLDERS = ("var", "db", "key", "spool", "run", "log", "cache")


def write_configuration(folder: Path, programs: AsteriskPrograms) -> Path:
    lines = ["[directories]", f"astetcdir => {folder}", f"astmoddir => {programs.modules_folder}"]
    lines.append(f"astdatadir => {programs.data_folder}")
    for name in FOLDERS:
        (folder / name).mkdir()
        lines.append(f"ast{name}{'' if name.endswith('dir') else 'dir'} => {folder / name}")
    configuration = folder / "asterisk.conf"
    text = "\n".join(lines).replace("astvardir", "astvarlibdir")
    configuration.write_text(f"{text}\n[options]\nnocolor = yes\n")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    return configuration


async def ask(programs: AsteriskPrograms, configuration: Path, command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *programs.command,
        *("-C", str(configuration), "-rx", command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 10)
    return said.decode(errors="replace")


@contextlib.asynccontextmanager
async def running(programs: AsteriskPrograms, configuration: Path) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *programs.command,
        *("-C", str(configuration), "-fvvv"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            while b"Asterisk Ready." not in (line := await process.stdout.readline()):
                assert line, "Asterisk ended before it was ready"
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait_for(process.communicate(), 10)


@pytest.mark.timeout(900)
async def test_provided_asterisk_loads_every_module_in_use_and_answers_its_console(
    tmp_path: Path,
) -> None:
    programs = await asyncio.to_thread(provide_asterisk, print)
    assert int(programs.version.split(".")[0]) >= 22
    configuration = write_configuration(tmp_path, programs)
    async with running(programs, configuration):
        version = await ask(programs, configuration, "core show version")
        modules = await ask(programs, configuration, "module show")
        endpoints = await ask(programs, configuration, "pjsip show endpoints")
    assert version.startswith(f"Asterisk {programs.version}")
    loaded = {line.split()[0] for line in modules.splitlines() if " Running " in line}
    assert {f"{name}.so" for name in MODULES} <= loaded
    assert "caller" in endpoints


async def test_provided_asterisk_has_documentation_and_english_sounds() -> None:
    programs = await asyncio.to_thread(provide_asterisk, print)
    assert (programs.data_folder / "documentation").is_dir()
    assert programs.sounds_folder is not None
    assert (programs.sounds_folder / "hello-world.wav").is_file()
