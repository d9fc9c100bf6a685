"""Real recognisers and real classifiers of two trainings change under calls that go on."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
import wave
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
import soxr

from ivr.errors import ModelUnusableError
from ivr.models.recogniser_link import LinkTimes
from ivr.models.recogniser_pool import ProcessPool
from ivr.models.registry import ModelRegistry
from ivr.ports import FRAME_BYTES, FinalWords, GrammarName, RecogniserStream
from sternik.model.in_service import ModelInService
from sternik.model.opening import ModelOpener
from sternik.model.watch import ModelWatch
from sternik.settings import Settings, load_settings
from sternik.speech.choice import Ears, EarsChoice
from tests.unit.trainer.small_corpus import write_small_corpus
from tests.unit.trainer.tiny_artefacts import flip_a_byte
from tests.waiting import until
from training.build import build_artefact
from training.sources import TrainingSources

OPEN = GrammarName.OPEN_QUESTION
LIMIT_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 0.5
# The tests give whole sentences at once, faster than anybody speaks.
PATIENT = LinkTimes(answer_seconds=LIMIT_SECONDS, behind_seconds=LIMIT_SECONDS)
OLD_WORDS, NEW_WORDS = "i forgot my pin", "where is my parcel"
POCKETSPHINX = EarsChoice(
    language="en", ears=Ears(engine="pocketsphinx"), because="these tests say so"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedTwice:
    root: Path
    old: str
    new: str


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedTwice:
    """A model in service, and a candidate whose corpus knows one sentence more."""
    folder = tmp_path_factory.mktemp("trained")
    corpus, root = write_small_corpus(folder), folder / "models"
    sources = TrainingSources(corpus=(corpus,))
    old = build_artefact(sources=sources, language="en", root=root).version
    rows = [f"{NEW_WORDS} {word},out_of_scope,en,written,one,s1" for word in ("please", "today")]
    corpus.write_text(
        corpus.read_text() + "\n".join([*rows, f"{NEW_WORDS},out_of_scope,en,written,one,s2", ""])
    )
    new = build_artefact(sources=sources, language="en", root=root).version
    assert ModelRegistry(root, "en").current == old
    return TrainedTwice(root=root, old=old, new=new)


@pytest.fixture
def models(trained: TrainedTwice, tmp_path: Path) -> TrainedTwice:
    root = shutil.copytree(trained.root, tmp_path / "models")
    return TrainedTwice(root=root, old=trained.old, new=trained.new)


@dataclass
class Serving:
    service: ModelInService
    watch: ModelWatch
    registry: ModelRegistry


def settings_of(models: TrainedTwice) -> Settings:
    return load_settings(models_folder=models.root, recogniser_processes=1)


@pytest.fixture
async def serving(models: TrainedTwice) -> AsyncIterator[Serving]:
    opener = ModelOpener(settings_of(models), POCKETSPHINX, times=PATIENT)
    service = ModelInService(await opener.open_first())
    watch = ModelWatch(root=models.root, language="en", service=service, open_model=opener.open)
    await watch.look()
    yield Serving(service, watch, ModelRegistry(models.root, "en", who="a test"))
    await service.close()


def spoken(text: str, folder: Path) -> bytes:
    """8 kHz PCM in whole frames."""
    path = folder / "said.wav"
    subprocess.run(["flite", "-voice", "rms", "-t", text, "-o", str(path)], check=True)
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        narrow = soxr.resample(samples.astype(np.float32), file.getframerate(), 8000)
    hiss = np.random.default_rng(1).normal(0, 4, len(narrow) + -len(narrow) % 160 + 3200)
    hiss[1600 : 1600 + len(narrow)] += narrow
    return np.clip(hiss, -32768, 32767).astype("<i2").tobytes()


async def heard(stream: RecogniserStream, pcm: bytes) -> str:
    for start in range(0, len(pcm), FRAME_BYTES):
        stream.feed(pcm[start : start + FRAME_BYTES])
        await asyncio.sleep(0)
    stream.finish()
    async with asyncio.timeout(LIMIT_SECONDS):
        async for words in stream.results():
            if isinstance(words, FinalWords):
                return words.text
    raise AssertionError("no final words")


async def longest_pause_seconds() -> float:
    """How long the loop has left anybody waiting, until cancelled."""
    longest = 0.0
    with suppress(asyncio.CancelledError):
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.001)
            longest = max(longest, time.monotonic() - began)
    return longest


async def test_a_call_that_spans_the_swap_is_heard_by_the_old_model_and_the_next_by_the_new(
    serving: Serving, models: TrainedTwice, tmp_path: Path
) -> None:
    service = serving.service
    with service.held() as of_call:
        stream = await of_call.pool.open(OPEN)
        serving.registry.promote(models.new)
        await serving.watch.look()
        assert service.model.version == models.new
        assert await heard(stream, spoken(OLD_WORDS, tmp_path)) == OLD_WORDS
        assert of_call.classifier.classify(OLD_WORDS).model_version == models.old
        assert of_call.pool.description.language_model == models.old
        with service.held() as of_next:
            next_stream = await of_next.pool.open(OPEN)
            assert await heard(next_stream, spoken(NEW_WORDS, tmp_path)) == NEW_WORDS
            assert of_next.classifier.classify(NEW_WORDS).model_version == models.new
            assert of_next.pool.description.language_model == models.new
            await next_stream.close()
        await stream.close()
        assert isinstance(of_call.pool, ProcessPool)
        old_processes = of_call.pool.process_ids
        assert old_processes
    await until(lambda: service.models_open == 1, seconds=LIMIT_SECONDS, look_again_seconds=0.01)
    assert not any(psutil.pid_exists(pid) for pid in old_processes)


async def test_a_swap_and_its_rollback_keep_nobody_waiting(
    serving: Serving, models: TrainedTwice
) -> None:
    watching = asyncio.create_task(longest_pause_seconds())
    serving.registry.promote(models.new)
    await serving.watch.look()
    assert serving.service.model.version == models.new
    serving.registry.roll_back()
    await serving.watch.look()
    assert serving.service.model.version == models.old
    watching.cancel()
    longest = await watching
    print(f"longest pause of the event loop: {1000 * longest:.0f} ms")  # noqa: T201
    assert longest < LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize(
    "name",
    ["classifier.npz", "classifier.json", "open_question.arpa", "dictionary.dict", "manifest.json"],
)
async def test_a_model_with_one_byte_changed_is_not_served_though_current_names_it(
    serving: Serving, models: TrainedTwice, name: str
) -> None:
    flip_a_byte(models.root / "en" / models.new / name)
    (models.root / "en" / "current").write_text(models.new)
    await serving.watch.look()
    assert serving.service.model.version == models.old
    assert serving.service.models_open == 1


async def test_recognisers_that_do_not_start_leave_the_old_model_in_service(
    models: TrainedTwice, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener = ModelOpener(settings_of(models), POCKETSPHINX)
    service = ModelInService(await opener.open_first())
    watch = ModelWatch(root=models.root, language="en", service=service, open_model=opener.open)
    ModelRegistry(models.root, "en").promote(models.new)
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr("sys.executable", "/bin/false")
    await watch.look()
    monkeypatch.undo()
    assert service.model.version == models.old
    assert ModelRegistry(models.root, "en").prune(0) == ()
    await service.close()


async def test_a_start_with_a_damaged_model_serves_the_one_before(models: TrainedTwice) -> None:
    ModelRegistry(models.root, "en").promote(models.new)
    flip_a_byte(models.root / "en" / models.new / "classifier.npz")
    service = ModelInService(await ModelOpener(settings_of(models), POCKETSPHINX).open_first())
    assert service.model.version == models.old
    await service.close()


async def test_a_start_without_any_model_says_what_to_do(tmp_path: Path) -> None:
    settings = load_settings(models_folder=tmp_path)
    with pytest.raises(ModelUnusableError, match="sternik train"):
        await ModelOpener(settings, POCKETSPHINX).open_first()
