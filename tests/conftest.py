"""What every async test is checked for afterwards: no task left running, no event loop held up."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

# Of CPU time, so that a busy machine fails nobody; a slow one takes twice what a fast one does.
# Calls on the same loop would have heard a gap.
LONGEST_CALLBACK_SECONDS = 1.0
_TESTS = Path(__file__).parent
_CHECKED = tuple(_TESTS / group for group in ("unit", "wire", "component"))


@pytest.fixture
async def _no_task_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    left.discard(asyncio.current_task())
    assert not left, f"tasks left running: {left}"


@pytest.fixture
def _no_callback_holds_up_the_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Time every callback (a step of a task is one) on the thread's own clock."""
    run = asyncio.Handle._run
    slow: list[str] = []

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        took = time.thread_time() - began
        if took > LONGEST_CALLBACK_SECONDS:
            slow.append(f"{handle!r} took {took:.2f} s")

    monkeypatch.setattr(asyncio.Handle, "_run", timed)
    yield
    assert not slow, f"the event loop was held up: {slow}"


@pytest.fixture(autouse=True)
def _async_tests_behave(request: pytest.FixtureRequest) -> None:
    """Only these groups: tests with a real Asterisk share one loop, and tasks, for a whole session."""
    is_async = inspect.iscoroutinefunction(getattr(request.node, "obj", None))
    if is_async and any(request.path.is_relative_to(group) for group in _CHECKED):
        request.getfixturevalue("_no_callback_holds_up_the_loop")
        request.getfixturevalue("_no_task_is_left")
