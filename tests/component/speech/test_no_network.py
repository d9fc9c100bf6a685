from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from sternik.settings import Settings, load_settings
from sternik.speech.errors import DownloadError, SiteUnreachableError
from sternik.speech.in_force import choose_ears
from sternik.speech.model_site import ModelSite
from sternik.speech.patience import Patience
from sternik.speech.provision import fetch, try_to_get_vosk
from tests.local_model_site import LocalSite, black_hole, closed_port
from tests.tiny_vosk_model import write_tiny_model, zip_folder

LIMIT_SECONDS = 10.0


@contextmanager
def no_answer() -> Iterator[str]:
    with black_hole() as url:
        yield url


@contextmanager
def nobody() -> Iterator[str]:
    yield closed_port()


@contextmanager
def error_page() -> Iterator[str]:
    with LocalSite() as site:
        yield site.list_url


@contextmanager
def login_page() -> Iterator[str]:
    with LocalSite() as site:
        site.put("/models/model-list.json", b"<html>please log in</html>")
        yield site.list_url


@contextmanager
def endless_list() -> Iterator[str]:
    with LocalSite() as site:
        site.put("/models/model-list.json", b"[" + b" " * 5_000_000)
        yield site.list_url


@contextmanager
def trickled_list() -> Iterator[str]:
    with LocalSite() as site:
        behaviour = site.put("/models/model-list.json", b" " * 1000)
        behaviour.piece_bytes, behaviour.piece_pause_seconds = 1, 0.1
        yield site.list_url


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VOSK_MODEL_PATH", raising=False)

    def made(list_url: str, **more: object) -> Settings:
        return load_settings(
            speech_folder=tmp_path / "speech",
            models_folder=tmp_path / "models",
            speech_list_url=list_url,
            **more,
        )

    return made


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (no_answer, "127.0.0.1 did not answer within 3 s"),
        (nobody, "127.0.0.1 refused the connection"),
        (error_page, "the server answered 404"),
        (login_page, "no list of models"),
        (endless_list, "far too long"),
        (trickled_list, "did not answer within 8 s"),
    ],
)
def test_without_a_site_the_attempt_ends_soon_and_says_why_and_what_to_do(
    network: Callable[[], Iterator[str]], reason: str, settings: Callable[..., Settings]
) -> None:
    said: list[str] = []
    with network() as url:
        began = time.monotonic()
        try_to_get_vosk(settings(url), say=said.append, report=lambda _transfer: None)
        assert time.monotonic() - began < LIMIT_SECONDS
    line = choose_ears(settings(url)).line
    assert line.startswith("PocketSphinx listens (en): no Vosk model could be fetched (")
    assert reason in line
    assert "sternik speech fetch en" in line
    assert "STERNIK_SPEECH_MODEL" in line


def test_a_failed_attempt_is_not_repeated_at_the_next_start(
    settings: Callable[..., Settings],
) -> None:
    with LocalSite() as site:
        for _ in range(2):
            try_to_get_vosk(settings(site.list_url), say=print, report=lambda _transfer: None)
        assert len(site.requests) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"speech_engine": "pocketsphinx"},
        {"speech_engine": "bank.ears"},
        {"speech_model": "/srv/model"},
    ],
)
def test_nothing_is_asked_where_something_else_was_chosen(
    settings: Callable[..., Settings], more: dict[str, object]
) -> None:
    with LocalSite() as site:
        chosen = settings(site.list_url, **more)
        try_to_get_vosk(chosen, say=print, report=lambda _transfer: None)
        assert site.requests == []


def test_an_empty_address_asks_nobody(settings: Callable[..., Settings]) -> None:
    offline = settings("")
    try_to_get_vosk(offline, say=print, report=lambda _transfer: None)
    assert "no Vosk model is here" in choose_ears(offline).line
    with pytest.raises(ConfigurationError, match="never to ask the network"):
        fetch(offline, "en", say=print, report=lambda _transfer: None)


def test_a_start_fetches_the_preferred_model_and_vosk_listens(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    said: list[str] = []
    with LocalSite() as site:
        for name in ("vosk-model-small-en-us-0.15", "vosk-model-small-en-us-0.99"):
            site.add_model(zip_folder(write_tiny_model(tmp_path / name), tmp_path / f"{name}.zip"))
        for _ in range(2):
            chosen = settings(site.list_url)
            try_to_get_vosk(chosen, say=said.append, report=lambda _transfer: None)
        assert [path for path, _ in site.requests] == [
            "/models/model-list.json",
            "/models/vosk-model-small-en-us-0.15.zip",
        ]
    assert "fetched vosk-model-small-en-us-0.15" in said
    assert choose_ears(chosen).line == "Vosk listens (en) with vosk-model-small-en-us-0.15"


def test_a_success_by_hand_makes_an_earlier_failure_forgotten(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    with LocalSite() as site:
        chosen = settings(site.list_url)
        try_to_get_vosk(chosen, say=print, report=lambda _transfer: None)
        assert "could be fetched" in choose_ears(chosen).line
        model = write_tiny_model(tmp_path / "vosk-model-small-en-us-0.15")
        site.add_model(zip_folder(model, tmp_path / f"{model.name}.zip"))
        fetch(chosen, "en", say=print, report=lambda _transfer: None)
        assert list(chosen.speech_folder.glob(".last-failure*")) == []


def test_a_name_server_that_never_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hung = threading.Event()

    def resolve(*_: object, **__: object) -> object:
        hung.wait(30)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    site = ModelSite("http://models.invalid/list.json", Patience(list_seconds=0.3))
    began = time.monotonic()
    with pytest.raises(SiteUnreachableError, match=r"models\.invalid did not answer within 0\.3 s"):
        site.models()
    assert time.monotonic() - began < 5
    hung.set()


def test_a_name_without_an_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(SiteUnreachableError, match=r"models\.invalid has no address here"):
        ModelSite("http://models.invalid/list.json").models()


def test_a_proxy_of_the_environment_is_used_and_named_when_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    with LocalSite() as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        with pytest.raises(DownloadError, match="404"):
            ModelSite("http://models.invalid/list.json").models()
        assert [path for path, _ in proxy.requests] == ["http://models.invalid/list.json"]
    monkeypatch.setenv("http_proxy", closed_port())
    with pytest.raises(SiteUnreachableError, match=r"the proxy to models\.invalid") as caught:
        ModelSite("http://models.invalid/list.json").models()
    assert "HTTP_PROXY" in caught.value.advice
