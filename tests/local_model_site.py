"""Vosk's site as tests need it: on 127.0.0.1, with a list, zip files, and every way of going wrong."""

from __future__ import annotations

import hashlib
import io
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, Self

_AT_ONCE_BYTES = 1 << 20
_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class Behaviour:
    """How one file is served. Callables get the number of the request for it, from 0.

    `cut_after_bytes` ends the connection early; `hold_after_bytes` sends no more until `release`, and
    sets `holding`; `piece_bytes` and `piece_pause` make it slow.
    """

    status: int = 200
    location: str = ""
    takes_ranges: bool = True
    wrong_range: bool = False
    cut_after_bytes: Callable[[int], int | None] = lambda _request: None
    hold_after_bytes: int | None = None
    piece_bytes: int = _AT_ONCE_BYTES
    piece_pause_seconds: float = 0.0
    claimed_bytes: int | None = None
    holding: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


class LocalSite:
    """Serves until the `with` block ends."""

    def __init__(self) -> None:
        self._files: dict[str, Path | bytes] = {}
        self.behaviour: dict[str, Behaviour] = {}
        self.requests: list[tuple[str, str]] = []
        self._entries: list[dict[str, object]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for behaviour in self.behaviour.values():
            behaviour.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def list_url(self) -> str:
        return f"{self.address}/models/model-list.json"

    def add_model(self, archive: Path, *, name: str = "", **entry: object) -> Behaviour:
        """List a zip file under its name; what `entry` says goes before what is true."""
        name = name or archive.stem
        with archive.open("rb") as file:
            md5 = hashlib.file_digest(file, "md5").hexdigest()
        self._entries.append(
            {
                "name": name,
                "lang": "en-us",
                "lang_text": "US English",
                "md5": md5,
                "size": archive.stat().st_size,
                "size_text": "?",
                "type": "small",
                "url": f"{self.address}/models/{name}.zip",
                "version": "0.15",
                "obsolete": "false",
            }
            | entry
        )
        self.put("/models/model-list.json", json.dumps(self._entries).encode())
        return self.put(f"/models/{name}.zip", archive)

    def put(self, path: str, content: Path | bytes) -> Behaviour:
        self._files[path] = content
        return self.behaviour.setdefault(path, Behaviour())

    def ranges_asked(self, path: str) -> list[str]:
        return [wanted for asked, wanted in self.requests if asked == path]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site._serve(self)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        path, wanted = handler.path, handler.headers.get("Range", "")
        number = len(self.ranges_asked(path))
        self.requests.append((path, wanted))
        handler.close_connection = True
        content = self._files.get(path)
        if content is None:
            handler.send_error(404)
            return
        behaviour = self.behaviour[path]
        if behaviour.location or behaviour.status != 200:
            handler.send_response(behaviour.status)
            handler.send_header("Location", behaviour.location)
            handler.send_header("Content-Length", "0")
            # Unannounced, the end races with the client's next request on the same connection.
            handler.send_header("Connection", "close")
            handler.end_headers()
            return
        total = len(content) if isinstance(content, bytes) else content.stat().st_size
        asked = _RANGE.fullmatch(wanted)
        begin = int(asked[1]) if asked and behaviour.takes_ranges else 0
        handler.send_response(206 if begin else 200)
        if begin:
            shown = begin + 1 if behaviour.wrong_range else begin
            handler.send_header("Content-Range", f"bytes {shown}-{total - 1}/{total}")
        claimed = behaviour.claimed_bytes if behaviour.claimed_bytes is not None else total
        handler.send_header("Content-Length", str(claimed - begin))
        handler.send_header("Connection", "close")
        handler.end_headers()
        cut = behaviour.cut_after_bytes(number)
        with contents(content) as file:
            file.seek(begin)
            send(handler, behaviour, file, total - begin if cut is None else cut)


def send(
    handler: BaseHTTPRequestHandler, behaviour: Behaviour, file: BinaryIO, size_bytes: int
) -> None:
    sent = 0
    pause = threading.Event()
    try:
        while piece := file.read(min(behaviour.piece_bytes, size_bytes - sent)):
            if behaviour.hold_after_bytes is not None and sent >= behaviour.hold_after_bytes:
                behaviour.holding.set()
                behaviour.release.wait(30)
            handler.wfile.write(piece)
            sent += len(piece)
            if behaviour.piece_pause_seconds:
                pause.wait(behaviour.piece_pause_seconds)
    except OSError:
        return  # the client went away: its right


@contextmanager
def contents(content: Path | bytes) -> Iterator[BinaryIO]:
    if isinstance(content, Path):
        with content.open("rb") as file:
            yield file
    else:
        yield io.BytesIO(content)


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/models/model-list.json"


def closed_port() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    return f"http://127.0.0.1:{port}/models/model-list.json"
