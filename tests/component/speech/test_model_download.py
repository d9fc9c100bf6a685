from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from ivr.models.vosk_model_folder import read_model_folder
from sternik.speech.download import Transfer
from sternik.speech.errors import DownloadError
from sternik.speech.fetching import FetchedModel, ModelFetcher
from sternik.speech.model_site import ModelSite
from sternik.speech.patience import Patience
from tests.local_model_site import Behaviour, LocalSite
from tests.tiny_vosk_model import write_tiny_model, zip_folder

NAME = "vosk-model-small-en-us-0.15"
ZIP = f"/models/{NAME}.zip"
QUICK = Patience(
    pause_seconds=0.5, rate_window_seconds=0.3, slowest_bytes_per_second=100_000, list_seconds=5
)
FILLER_BYTES = 300_000


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with LocalSite() as site:
        yield site


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A whole small model whose zip file is large enough to be cut in the middle."""
    model = write_tiny_model(tmp_path / "made" / NAME)
    (model / "ivector").mkdir()
    noise = hashlib.shake_128(b"matrix").digest(FILLER_BYTES)
    (model / "ivector" / "final.ie").write_bytes(noise)
    return zip_folder(model, tmp_path / "made" / f"{NAME}.zip")


@dataclass
class Fetching:
    """A fetcher with what it said and reported."""

    site: LocalSite
    folder: Path
    free_bytes: int = 1 << 40
    said: list[str] = field(default_factory=list)
    reported: list[Transfer] = field(default_factory=list)

    def fetch(self, *, again: bool = False) -> FetchedModel:
        online = ModelSite(self.site.list_url, QUICK)
        fetcher = ModelFetcher(
            site=online,
            folder=self.folder,
            say=self.said.append,
            report=self.reported.append,
            free=lambda _folder: self.free_bytes,
        )
        (published,) = online.models()
        return fetcher.fetch(published, again=again)

    @property
    def left(self) -> list[str]:
        """What lies in the folder but for the lock."""
        names = (path.name for path in self.folder.iterdir())
        return sorted(name for name in names if not name.endswith(".lock"))


@pytest.fixture
def fetching(site: LocalSite, tmp_path: Path) -> Fetching:
    return Fetching(site, tmp_path / "speech")


def test_a_model_is_downloaded_checked_unpacked_and_named(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive)
    fetched = fetching.fetch()
    assert not fetched.was_there
    assert fetched.model.path == fetching.folder / NAME
    assert fetched.model.language == "en"
    assert fetching.left == [NAME]
    last = fetching.reported[-1]
    assert last.received_bytes == last.total_bytes == archive.stat().st_size
    assert last.name == NAME


def test_a_model_that_is_here_is_not_downloaded_again_unless_told(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive)
    fetching.fetch()
    assert fetching.fetch().was_there
    assert len(site.ranges_asked(ZIP)) == 1
    assert not fetching.fetch(again=True).was_there
    assert len(site.ranges_asked(ZIP)) == 2
    assert fetching.left == [NAME]


def test_a_damaged_model_is_fetched_again_unasked(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive)
    graph = fetching.fetch().model.path / "graph" / "Gr.fst"
    graph.write_bytes(graph.read_bytes()[:-1])
    assert not fetching.fetch().was_there
    assert "is fetched again" in " ".join(fetching.said)


def cut_once(at: int) -> Callable[[int], int | None]:
    return lambda request: at if request == 0 else None


def test_a_cut_download_goes_on_where_it_was_cut(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive).cut_after_bytes = cut_once(100_000)
    fetching.fetch()
    assert site.ranges_asked(ZIP) == ["", "bytes=100000-"]


def test_it_begins_anew_where_the_server_knows_no_ranges(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    behaviour = site.add_model(archive)
    behaviour.cut_after_bytes = cut_once(100_000)
    behaviour.takes_ranges = False
    assert read_model_folder(fetching.fetch().model.path)


def test_a_server_that_sends_another_part_than_asked_is_not_believed(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    behaviour = site.add_model(archive)
    behaviour.cut_after_bytes = cut_once(100_000)
    behaviour.wrong_range = True
    with pytest.raises(DownloadError, match="another part than it was asked for"):
        fetching.fetch()
    assert NAME not in fetching.left


def test_a_download_that_is_always_cut_is_given_up_and_taken_up_next_time(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    behaviour = site.add_model(archive)
    behaviour.cut_after_bytes = lambda _request: 50_000
    with pytest.raises(DownloadError, match="3 times") as caught:
        fetching.fetch()
    assert "goes on from there" in caught.value.advice
    assert f"{NAME}.zip.part" in fetching.left
    behaviour.cut_after_bytes = lambda _request: None
    fetching.fetch()
    assert site.ranges_asked(ZIP)[-1] == "bytes=150000-"
    assert fetching.left == [NAME]


def test_what_is_left_of_another_file_is_thrown_away(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive)
    fetching.folder.mkdir()
    (fetching.folder / f"{NAME}.zip.part").write_bytes(bytes(1000))
    (fetching.folder / f"{NAME}.zip.part.md5").write_text("0" * 32)
    fetching.fetch()
    assert site.ranges_asked(ZIP) == [""]


def test_a_part_that_was_damaged_on_our_disk_is_fetched_from_the_start(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive)
    fetching.folder.mkdir()
    (fetching.folder / f"{NAME}.zip.part").write_bytes(bytes(1000))
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()  # noqa: S324 (what the list has)
    (fetching.folder / f"{NAME}.zip.part.md5").write_text(md5)
    fetching.fetch()
    assert site.ranges_asked(ZIP) == ["bytes=1000-", ""]


def test_a_wrong_sum_is_told_and_nothing_is_kept(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive, md5="0" * 32)
    with pytest.raises(DownloadError, match="another file came: its MD5 is") as caught:
        fetching.fetch()
    assert "nothing was kept" in caught.value.advice
    assert fetching.left == []
    assert len(site.ranges_asked(ZIP)) == 1


def test_more_than_the_list_names_is_refused(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive, size=archive.stat().st_size - 1)
    with pytest.raises(DownloadError, match="more came than"):
        fetching.fetch()
    assert fetching.left == []


def test_a_server_that_ends_in_earnest_before_the_size_is_a_cut(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive, size=archive.stat().st_size + 1)
    with pytest.raises(DownloadError, match="3 times"):
        fetching.fetch()
    assert NAME not in fetching.left


def test_a_trickle_is_given_up_with_its_rate(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    behaviour = site.add_model(archive)
    behaviour.piece_bytes, behaviour.piece_pause_seconds = 200, 0.02
    with pytest.raises(DownloadError, match=r"too slow: \d+\.\d KiB/s") as caught:
        fetching.fetch()
    assert "is kept" in caught.value.advice
    assert f"{NAME}.zip.part" in fetching.left


def test_a_server_that_falls_silent_is_not_waited_for(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    behaviour = site.add_model(archive)
    behaviour.hold_after_bytes = 0
    with pytest.raises(DownloadError, match=r"nothing came for 0\.5 s, 3 times"):
        fetching.fetch()


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_http_error_is_told_with_its_number(
    fetching: Fetching, site: LocalSite, archive: Path, status: int
) -> None:
    site.add_model(archive).status = status
    with pytest.raises(DownloadError, match=f"the server answered {status}"):
        fetching.fetch()
    assert NAME not in fetching.left


def test_a_redirect_is_followed(fetching: Fetching, site: LocalSite, archive: Path) -> None:
    behaviour = site.add_model(archive)
    behaviour.status, behaviour.location = 302, "/elsewhere.zip"
    site.put("/elsewhere.zip", archive)
    assert not fetching.fetch().was_there


def test_redirects_without_end_are_told(fetching: Fetching, site: LocalSite, archive: Path) -> None:
    behaviour = site.add_model(archive)
    behaviour.status, behaviour.location = 302, ZIP
    with pytest.raises(ConfigurationError):
        fetching.fetch()


def test_too_little_room_is_told_before_anything_is_downloaded(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive)
    fetching.free_bytes = archive.stat().st_size * 2
    with pytest.raises(ConfigurationError, match="too little room") as caught:
        fetching.fetch()
    assert "STERNIK_SPEECH_FOLDER" in caught.value.advice
    assert site.ranges_asked(ZIP) == []


def test_what_is_no_model_gets_no_name(fetching: Fetching, site: LocalSite, tmp_path: Path) -> None:
    stuff = tmp_path / "made" / NAME
    (stuff / "docs").mkdir(parents=True)
    (stuff / "docs" / "README").write_text("no model")
    site.add_model(zip_folder(stuff, tmp_path / f"{NAME}.zip"))
    with pytest.raises(DownloadError, match="holds no Vosk model"):
        fetching.fetch()
    assert fetching.left == []


def test_a_damaged_model_in_the_zip_file_gets_no_name_and_spares_the_old_one(
    fetching: Fetching, site: LocalSite, archive: Path, tmp_path: Path
) -> None:
    site.add_model(archive)
    fetching.fetch()
    broken = tmp_path / "made" / NAME
    (broken / "graph" / "Gr.fst").write_text("oops")
    zip_folder(broken, archive)
    site._entries.clear()
    site.add_model(archive)
    with pytest.raises(DownloadError, match="is no use"):
        fetching.fetch(again=True)
    assert read_model_folder(fetching.folder / NAME)
    assert fetching.left == [NAME]


def test_a_zip_file_that_leads_outside_is_refused(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("../escaped", b"x")
    site.add_model(archive)
    with pytest.raises(DownloadError, match="outside its folder"):
        fetching.fetch()
    assert fetching.left == []
    assert not (fetching.folder.parent / "escaped").exists()


# --- In processes of their own ---------------------------------------------------------------------

FETCH = """
import resource, sys
from sternik.cli import main
if len(sys.argv) > 1:
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.argv = ["sternik", "speech", "fetch", "en"]
main()
"""


def started(fetching: Fetching, *arguments: str) -> subprocess.Popen[str]:
    env = {
        **os.environ,
        "STERNIK_SPEECH_FOLDER": str(fetching.folder),
        "STERNIK_SPEECH_LIST_URL": fetching.site.list_url,
        "COLUMNS": "200",
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, *arguments],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def held_in_the_middle(site: LocalSite, archive: Path) -> Behaviour:
    behaviour = site.add_model(archive)
    behaviour.piece_bytes, behaviour.hold_after_bytes = 50_000, 100_000
    return behaviour


def test_a_killed_download_goes_on_where_it_was(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    behaviour = held_in_the_middle(site, archive)
    process = started(fetching)
    assert behaviour.holding.wait(30)
    part = fetching.folder / f"{NAME}.zip.part"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    kept = part.stat().st_size
    assert NAME not in fetching.left
    behaviour.hold_after_bytes = None
    behaviour.release.set()
    fetching.fetch()
    assert site.ranges_asked(ZIP)[-1] == (f"bytes={kept}-" if kept else "")
    assert fetching.left == [NAME]


def test_a_process_killed_while_it_unpacked_leaves_nothing_in_the_way(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive)
    left = fetching.folder / f".{NAME}.unfinished" / NAME
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"x")
    fetching.fetch()
    assert fetching.left == [NAME]


def test_of_two_at_once_the_second_waits_and_takes_the_first_ones(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    behaviour = held_in_the_middle(site, archive)
    first = started(fetching)
    assert behaviour.holding.wait(30)
    second = started(fetching)
    assert second.stdout is not None
    waiting = second.stdout.readline()
    assert "another program is fetching" in waiting
    behaviour.release.set()
    told = [first.communicate(timeout=30)[0], second.communicate(timeout=30)[0]]
    assert (first.returncode, second.returncode) == (0, 0)
    assert f"{NAME} is here already" in told[1]
    assert len(site.ranges_asked(ZIP)) == 1
    assert fetching.left == [NAME]


def test_a_disk_that_fills_up_is_told_and_nothing_is_kept(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive)
    process = started(fetching, "150000")
    _, told = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the disk is full" in told
    assert "STERNIK_SPEECH_FOLDER" in told
    assert "Traceback" not in told
    assert fetching.left == []


def test_a_disk_that_fills_up_while_unpacking_is_told_and_nothing_is_kept(
    fetching: Fetching, site: LocalSite, tmp_path: Path
) -> None:
    model = write_tiny_model(tmp_path / "made" / NAME)
    (model / "graph" / "words.txt").write_bytes(b"word 1\n" * 100_000)
    archive = zip_folder(model, tmp_path / "made" / f"{NAME}.zip")
    assert archive.stat().st_size < 150_000
    site.add_model(archive)
    process = started(fetching, "150000")
    _, told = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the disk is full" in told
    assert fetching.left == []


def test_a_folder_that_cannot_be_made_is_told(
    fetching: Fetching, site: LocalSite, archive: Path
) -> None:
    site.add_model(archive)
    fetching.folder.write_text("a file")
    with pytest.raises(ConfigurationError, match="cannot be written") as caught:
        fetching.fetch()
    assert "STERNIK_SPEECH_FOLDER" in caught.value.advice
