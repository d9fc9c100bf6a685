"""A worker process that only beats, dies or freezes as told: `tiny_worker.py MODE DIARY`.

Each thing it does is one line of the diary: its number, the monotonic time, and what.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

MODE, DIARY = sys.argv[1], Path(sys.argv[2])
BEAT_SECONDS = 0.05


def note(what: str) -> None:
    with DIARY.open("a") as diary:
        diary.write(f"{os.getpid()} {time.monotonic()} {what}\n")


def beat() -> None:
    note("beat")
    try:
        os.write(int(os.environ["STERNIK_HEARTBEAT_FD"]), b".")
    except OSError:
        note("parent gone")
        sys.exit(0)
    time.sleep(BEAT_SECONDS)


def drain(*_: object) -> None:
    note("draining")
    while not DIARY.with_suffix(".finish").exists():
        beat()
    note("finished")
    sys.exit(0)


note("started")
if MODE == "drains":
    signal.signal(signal.SIGTERM, drain)
if MODE == "freezes":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if MODE.isdigit():
    sys.exit(int(MODE))
while True:
    beat()
    if MODE == "freezes" and DIARY.read_text().count(f"{os.getpid()} ") > 3:
        note("frozen")
        signal.pause()
