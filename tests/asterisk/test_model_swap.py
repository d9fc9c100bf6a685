"""Another model is put in service while callers are on the line, by command and by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.models.artefact import load_artefact
from ivr.models.manifest import MANIFEST, sealed_json
from ivr.models.registry import ModelRegistry
from sternik.asterisk.programs import AsteriskPrograms
from sternik.rehearsal.hotline import Rehearsal
from sternik.settings import load_settings
from sternik.softphone import Softphone
from tests.asterisk.callers import ring, speech_of
from tests.asterisk.conftest import hotline_in
from tests.asterisk.models import heard_by, registry_of, steered, sternik_command, until_logged

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARD_STOLEN = "someone stole my card please block it"
NEW, BROKEN = "en-20991231-00000001", "en-20991231-00000002"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(
    programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> AsyncIterator[Rehearsal]:
    """A hotline with models of its own: the one in service, and two candidates like it."""
    root = short_folder / "swap-models"
    in_service = load_artefact(load_settings().models_folder, "en")
    copied = root / "en" / in_service.version
    shutil.copytree(in_service.folder, copied)
    for version in (NEW, BROKEN):
        copy_as(version, copied)
    _flip_a_byte(root / "en" / BROKEN / "classifier.npz")
    ModelRegistry(root, "en").promote(in_service.version)
    folder = short_folder / "swap"
    async with hotline_in(folder, programs, overrides={"models_folder": root}) as hotline:
        yield hotline


def copy_as(version: str, folder: Path) -> None:
    copied = shutil.copytree(folder, folder.with_name(version))
    manifest = json.loads((copied / MANIFEST).read_text("utf-8"))
    (copied / MANIFEST).write_text(sealed_json({**manifest, "version": version}), "utf-8")


def _flip_a_byte(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


async def test_a_call_that_spans_a_promotion_ends_with_the_old_model_and_the_next_has_the_new(
    hotline: Rehearsal,
) -> None:
    old = registry_of(hotline).current
    speech = await speech_of(CARD_STOLEN, hotline)
    async with Softphone() as phone:
        spanning = await ring(phone, hotline)
        await spanning.hear_prompt_begin()
        registry_of(hotline).promote(NEW, reason="a test")
        await until_logged(hotline, "model.in_service", NEW)
        assert await heard_by(await steered(spanning, speech), hotline) == {old}
        following = await ring(phone, hotline)
        await following.hear_prompt_begin()
        assert await heard_by(await steered(following, speech), hotline) == {NEW}
    await until_logged(hotline, "model.closed", old)
    await _refuses_the_broken_one(hotline, speech)
    await _goes_back(hotline, old, speech)


async def _refuses_the_broken_one(hotline: Rehearsal, speech: bytes) -> None:
    code, said = await sternik_command(hotline.settings, "model", "promote", BROKEN)
    assert code == 1
    assert "classifier.npz: is not what training wrote" in said
    assert "sternik train" in said
    assert registry_of(hotline).current == NEW
    (hotline.settings.models_folder / "en" / "current").write_text(BROKEN)
    await until_logged(hotline, "model.refused", "classifier.npz")
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_prompt_begin()
        assert await heard_by(await steered(caller, speech), hotline) == {NEW}
    assert hotline.server.log_file.read_text("utf-8").count("model.refused") == 1


async def _goes_back(hotline: Rehearsal, old: str, speech: bytes) -> None:
    """Twice: from the broken one, which is not served, to the new one, and on to the old one."""
    for version in (NEW, old):
        code, said = await sternik_command(hotline.settings, "model", "rollback")
        assert code == 0, said
        assert f"{version} is in service again" in said
    await until_logged(hotline, "model.in_service", f"instead_of={NEW}")
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_prompt_begin()
        assert await heard_by(await steered(caller, speech), hotline) == {old}
