"""The scenarios of the fail-open tests, a hundred callers each: nobody may be lost.

Not part of `make test`: `make chaos` runs it. STERNIK_CHAOS_CALLERS says how many callers a scenario has.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sternik.asterisk.programs import AsteriskPrograms
from sternik.rehearsal.hotline import Rehearsal
from tests.asterisk.conftest import hotline_with_own_prompts
from tests.asterisk.rescues import (
    ALL_FROZEN,
    LIMIT_SECONDS,
    SCENARIOS,
    Scenario,
    lengthen_connecting_prompt,
    prove,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1800)]

CALLERS = int(os.environ.get("STERNIK_CHAOS_CALLERS", "100"))
AGENTS = 22


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fragile(
    programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> AsyncIterator[Rehearsal]:
    async with hotline_with_own_prompts(
        short_folder / "fragile", programs, agents=AGENTS
    ) as hotline:
        lengthen_connecting_prompt(hotline.settings.prompts_folder)
        yield hotline


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_every_one_of_many_callers_is_rescued_in_time(
    fragile: Rehearsal, scenario: Scenario
) -> None:
    await prove(fragile, scenario, callers=CALLERS)


async def test_every_one_of_many_callers_reaches_the_default_queue_when_all_is_frozen(
    programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> None:
    async with hotline_with_own_prompts(
        short_folder / "frozen",
        programs,
        agents=AGENTS,
        steering_limit_seconds=LIMIT_SECONDS,
    ) as hotline:
        await prove(hotline, ALL_FROZEN, callers=CALLERS)
