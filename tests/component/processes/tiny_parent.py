"""A parent with a tiny worker, to be killed and stopped: `tiny_parent.py MODE DIARY`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from sternik.settings import load_settings
from sternik.supervisor import Supervisor

WORKER = str(Path(__file__).with_name("tiny_worker.py"))

asyncio.run(
    Supervisor(
        load_settings(heartbeat_limit_seconds=0.3), command=(sys.executable, WORKER, *sys.argv[1:])
    ).run()
)
