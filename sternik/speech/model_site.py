"""The site that models come from, over HTTP: its list, and one file at a time.

Proxies are taken from the environment (`HTTPS_PROXY` and the like), as requests does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, NameResolutionError, ReadTimeoutError

from sternik.speech.errors import DownloadError, SiteUnreachableError
from sternik.speech.patience import Patience, within
from sternik.speech.published_models import MOST_LIST_BYTES, PublishedModel, parse_model_list

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_ONCE_BYTES: Final = 64 * 1024
_AGAIN: Final = "try again later, or where the network is better"


class CutOffError(DownloadError):
    """The connection ended before the file did: going on may help."""


class ModelSite:
    """Asks the list at `list_url`; nothing is kept between two questions."""

    def __init__(self, list_url: str, patience: Patience | None = None) -> None:
        self._list_url = list_url
        self._patience = patience or Patience()

    @property
    def host(self) -> str:
        """Whom it asks, as told to a person."""
        return urlsplit(self._list_url).hostname or self._list_url

    def models(self) -> tuple[PublishedModel, ...]:
        """What the site has now; ends in `list_seconds`, whatever the network does.

        Raises `SiteUnreachableError` without an answer, `DownloadError` for a useless one.
        """
        seconds = self._patience.list_seconds
        try:
            blob = within(seconds, self._read_list)
        except TimeoutError as error:
            raise _silent(self._list_url, seconds) from error
        return parse_model_list(blob, where=self._list_url)

    @contextmanager
    def open(self, url: str, *, begin: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        """A file from its byte `begin` on where the server can; tells from which byte it really comes.

        The pieces raise `CutOffError` when the connection breaks, and `DownloadError` when it is
        slower than our patience.
        """
        wanted = {"Range": f"bytes={begin}-"} if begin else {}
        with self._get(url, self._patience.pause_seconds, wanted) as response:
            partial = response.status_code == HTTPStatus.PARTIAL_CONTENT
            fits = response.headers.get("Content-Range", "").startswith(f"bytes {begin}-")
            if partial and not fits:
                raise CutOffError("the server sent another part than it was asked for", where=url)
            yield (begin if partial else 0), self._pieces(response, url)

    def _read_list(self) -> bytes:
        with self._get(self._list_url, self._patience.answer_seconds, {}) as response:
            blob = bytearray()
            for piece in _raw_pieces(response, self._list_url, self._patience.answer_seconds):
                blob += piece
                if len(blob) > MOST_LIST_BYTES:
                    raise DownloadError("the list is far too long to be one", where=self._list_url)
            return bytes(blob)

    @contextmanager
    def _get(
        self, url: str, pause_seconds: float, wanted: dict[str, str]
    ) -> Iterator[requests.Response]:
        connect_seconds = self._patience.connect_seconds
        # Sums and sizes are those of the file itself, so nothing may be packed on the way.
        headers = {"Accept-Encoding": "identity", **wanted}
        try:
            response = requests.get(
                url, timeout=(connect_seconds, pause_seconds), stream=True, headers=headers
            )
        except requests.ConnectTimeout as error:
            raise _silent(url, connect_seconds) from error
        except requests.ReadTimeout as error:
            raise _silent(url, pause_seconds) from error
        except requests.RequestException as error:
            raise _unreachable(url, error) from error
        with response:
            if response.status_code not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                raise _refused(response, url)
            yield response

    def _pieces(self, response: requests.Response, url: str) -> Iterator[bytes]:
        pace = _Pace(self._patience, url)
        for piece in _raw_pieces(response, url, self._patience.pause_seconds):
            pace.count(len(piece))
            yield piece


class _Pace:
    """Gives up on a transfer that would take for ever."""

    def __init__(self, patience: Patience, url: str) -> None:
        self._patience = patience
        self._url = url
        self._began = time.monotonic()
        self._bytes = 0

    def count(self, size_bytes: int) -> None:
        """Raises `DownloadError` after a window in which too little came."""
        self._bytes += size_bytes
        seconds = time.monotonic() - self._began
        if seconds < self._patience.rate_window_seconds:
            return
        slowest = self._patience.slowest_bytes_per_second
        if self._bytes < slowest * seconds:
            raise DownloadError(
                f"too slow: {self._bytes / seconds / 1024:.1f} KiB/s, and {slowest / 1024:.0f} is the "
                "least that Sternik waits for",
                where=self._url,
                advice=f"{_AGAIN}; what has come so far is kept",
            )
        self._began, self._bytes = time.monotonic(), 0


def _raw_pieces(response: requests.Response, url: str, pause_seconds: float) -> Iterator[bytes]:
    """What has come, as it comes: requests' own `iter_content` waits until a whole piece is there."""
    read: Callable[[int], bytes] = response.raw.read1
    while True:
        try:
            piece = read(_AT_ONCE_BYTES)
        except ReadTimeoutError as error:
            raise CutOffError(f"nothing came for {pause_seconds:g} s", where=url) from error
        except (HTTPError, OSError) as error:
            raise CutOffError("the connection broke", where=url) from error
        if not piece:
            return
        yield piece


def _silent(url: str, seconds: float) -> SiteUnreachableError:
    return SiteUnreachableError(f"{_host(url)} did not answer within {seconds:g} s", advice=_AGAIN)


def _unreachable(url: str, error: requests.RequestException) -> SiteUnreachableError:
    host, advice = _host(url), _AGAIN
    if _is_caused_by(error, NameResolutionError):
        problem = f"{host} has no address here: its name cannot be resolved"
    elif isinstance(error, requests.exceptions.ProxyError):
        problem, advice = f"the proxy to {host} cannot be used", "check HTTPS_PROXY and HTTP_PROXY"
    elif isinstance(error, requests.exceptions.SSLError):
        problem = f"{host} is not who it should be: its certificate is no good"
        advice = "behind a proxy that reads along, name its certificate: REQUESTS_CA_BUNDLE=FILE"
    elif isinstance(error, ValueError):
        problem, advice = f"{url} is no address", "correct STERNIK_SPEECH_LIST_URL"
    else:
        refused = _is_caused_by(error, ConnectionRefusedError)
        problem = f"{host} {'refused the connection' if refused else 'cannot be reached'}"
    return SiteUnreachableError(problem, advice=advice)


def _is_caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    """Whether `kind` is among what libraries wrapped: as argument, reason, cause or context."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        if isinstance(current, kind):
            return True
        seen.add(id(current))
        reason = getattr(current, "reason", None)
        pending += [*current.args, reason, current.__cause__, current.__context__]
    return False


def _refused(response: requests.Response, url: str) -> DownloadError:
    return DownloadError(
        f"the server answered {response.status_code} {response.reason}".rstrip(),
        where=url,
        advice="see `sternik speech list` for what there is now, or name another list: "
        "STERNIK_SPEECH_LIST_URL",
    )


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
