from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import vosk
from conftest import KOREAN, Site

from ivr.models.vosk_model_folder import read_model_folder, read_vocabulary
from tests.local_model_site import LocalSite, closed_port
from tests.tiny_vosk_model import write_tiny_model, zip_folder

NAME = "vosk-model-small-en-us-0.15"


@pytest.mark.parametrize("command", ["", "list", "fetch", "use", "check"])
def test_every_command_helps(own: Site, command: str) -> None:
    helped = own.sternik(*([command] if command else []), "--help")
    assert helped.code == 0
    assert "Usage" in helped.out


def test_the_vocabulary_is_the_one_that_vosk_finds_words_in() -> None:
    words = read_vocabulary(read_model_folder(KOREAN))
    vosk.SetLogLevel(-1)
    model = vosk.Model(str(KOREAN))
    known = [*sorted(words)[::5000], "네", "보험"]
    assert all(model.vosk_model_find_word(word) >= 0 for word in known)
    strange = ["[unk]", "card", "zażółć", "네네네네네네"]
    assert all(model.vosk_model_find_word(word) < 0 for word in strange)
    assert words.isdisjoint(strange)


def test_nothing_here_and_no_network_is_told_in_few_lines(own: Site) -> None:
    shown = own.sternik("list", STERNIK_SPEECH_LIST_URL=closed_port())
    assert shown.code == 0
    assert "PocketSphinx listens (en): no Vosk model is here." in shown.told
    assert "nothing can listen (pl): no Vosk model is here" in shown.told
    assert "What could be fetched is not known: 127.0.0.1 refused the connection." in shown.told


def test_models_here_and_on_the_site_are_listed(own: Site, tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / NAME)
    shutil.copytree(model, own.speech_folder / NAME)
    broken = shutil.copytree(model, own.speech_folder / "vosk-model-small-pl-0.22")
    (broken / "graph" / "Gr.fst").write_text("oops")
    with LocalSite() as site:
        archive = zip_folder(model, tmp_path / f"{NAME}.zip")
        site.add_model(archive)
        site.add_model(archive, name="vosk-model-en-us-0.22", type="big")
        shown = own.sternik("list", STERNIK_SPEECH_LIST_URL=site.list_url)
        everything = own.sternik("list", "--all", STERNIK_SPEECH_LIST_URL=site.list_url)
        told = own.sternik("list", "--json", STERNIK_SPEECH_LIST_URL=site.list_url).json
    assert f"Vosk listens (en) with {NAME}" in shown.told
    assert "Gr.fst: it is no OpenFst file" in shown.told
    assert "vosk-model-en-us-0.22" not in shown.out
    assert "vosk-model-en-us-0.22" in everything.out
    english = told["languages"]["en"]
    assert (english["engine"], english["model"]) == ("vosk", NAME)
    assert told["languages"]["pl"]["problem"]
    kept = {model["name"]: model for model in json.loads(json.dumps(told["models"]))}
    assert kept[NAME]["listens_to"] == ["en"]
    assert kept["vosk-model-small-pl-0.22"]["problem"]
    assert told["site"]["problem"] is None
    assert len(told["site"]["models"]) == 2


def test_a_fetch_that_fails_says_so_with_exit_code_one(own: Site, tmp_path: Path) -> None:
    with LocalSite() as site:
        archive = zip_folder(write_tiny_model(tmp_path / NAME), tmp_path / f"{NAME}.zip")
        site.add_model(archive)
        address = {"STERNIK_SPEECH_LIST_URL": site.list_url}
        unknown = own.sternik("fetch", "sk", **address)
        fetched = own.sternik("fetch", NAME, **address)
    assert unknown.code == 1
    assert "no model and no language 'sk'" in unknown.told
    assert "small models of these: en" in unknown.told
    assert fetched.code == 0
    assert own.sternik("fetch", "en", STERNIK_SPEECH_LIST_URL=closed_port()).code == 1
    assert own.sternik("fetch", "en").code == 1


@pytest.mark.timeout(300)
def test_the_korean_model_goes_the_whole_way(
    own: Site, tmp_path: Path, korean_speech: Callable[[str], Path]
) -> None:
    """Served under an English name, fetched, listed, checked; then chosen for what it is."""
    stand_in = tmp_path / "made" / NAME
    shutil.copytree(KOREAN, stand_in, symlinks=False)
    archive = zip_folder(stand_in, tmp_path / f"{NAME}.zip", compress=False)
    shutil.rmtree(stand_in)
    with LocalSite() as site:
        site.add_model(archive)
        fetched = own.sternik("fetch", "en", STERNIK_SPEECH_LIST_URL=site.list_url)
    archive.unlink()
    folder = own.speech_folder / NAME
    assert fetched.code == 0
    assert f"{NAME} is here: {folder}" in fetched.told
    assert f"Vosk listens (en) with {NAME}" in own.sternik("list").told

    refused = own.sternik("use", "en", NAME)
    assert refused.code == 1
    assert "it knows 0% of the corpus's words: this is a model of another language" in refused.told
    assert "nothing has been changed" in refused.told

    chosen = own.sternik("use", "ko", folder)
    assert chosen.code == 0
    assert f"Vosk listens (ko) with {NAME}" in chosen.told
    assert "Running calls are not touched" in chosen.told
    assert own.sternik("list", "--json").json["languages"]["ko"]["folder"] == str(folder)

    heard = own.sternik("check", "ko", korean_speech("환율 알려 주세요"))
    assert "all of its 10 words are known" in heard.told
    expecting, free_form = heard.out.split("heard free-form")
    for word in ("환율", "알려", "주세요"):
        assert word in expecting
    assert "heard expecting the corpus" in expecting
    assert free_form
    shutil.rmtree(folder)


def test_a_model_is_checked_wherever_it_lies(own: Site) -> None:
    found = own.sternik("check", KOREAN, "--language", "ko")
    assert found.code == 0
    for told in ("dynamic", "16 kHz", "264 MB", "503,348 words", "all of its 10 words are known"):
        assert told in found.told
    memory = int(found.told.split("memory ")[1].split(" MB")[0])
    assert 300 < memory < 900


def test_a_model_of_another_language_is_called_that(own: Site) -> None:
    found = own.sternik("check", KOREAN, "--language", "en")
    assert found.code == 1
    assert "12 of its 12 words (100.0%) are not known: my, card" in found.told
    assert "this is a model of another language than en" in found.told


def test_pocketsphinx_is_checked_too(own: Site, tmp_path: Path) -> None:
    spoken = tmp_path / "said.wav"
    subprocess.run(
        ["flite", "-voice", "rms", "-t", "please block my card", "-o", str(spoken)], check=True
    )
    found = own.sternik("check", "en", spoken)
    assert found.code == 0
    assert "PocketSphinx, with the acoustic model of its package" in found.told
    assert "all of its 12 words are known" in found.told
    for word in ("block", "my", "card"):
        assert word in found.told.partition("heard expecting the corpus")[2]


def damaged_copy(own: Site, file: str) -> Path:
    """The Korean model in links, but for one file that lacks its last tenth."""
    folder = own.folder / "damaged"
    shutil.copytree(KOREAN, folder, copy_function=lambda source, to: Path(to).symlink_to(source))
    whole = (KOREAN / file).read_bytes()
    (folder / file).unlink()
    (folder / file).write_bytes(whole[: len(whole) * 9 // 10])
    return folder


@pytest.mark.parametrize(
    ("command", "file", "told"),
    [
        (("use", "ko"), "am/final.mdl", "cannot be opened: Failed to read matrix"),
        (("use", "ko"), "graph/Gr.fst", "Gr.fst: it was cut off"),
        (("check",), "graph/disambig_tid.int", "the engine died of SIG"),
    ],
)
def test_a_damaged_model_takes_nothing_down_and_is_not_chosen(
    own: Site, command: tuple[str, ...], file: str, told: str
) -> None:
    ended = own.sternik(*command, damaged_copy(own, file))
    assert ended.code == 1
    assert told in ended.told
    assert not (own.models_folder / "ko" / "speech.json").exists()


def test_a_folder_around_the_model_is_seen_through_and_told(own: Site) -> None:
    around = own.folder / "unpacked"
    around.mkdir()
    (around / "vosk-model-small-ko-0.22").symlink_to(KOREAN)
    chosen = own.sternik("use", "ko", around)
    assert chosen.code == 0
    assert "the model is one folder further in" in chosen.told
    assert "Vosk listens (ko) with vosk-model-small-ko-0.22" in chosen.told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("use", "en", "nothing-here"), "no model is called 'nothing-here' here"),
        (("use", "en", "./empty"), "is no Vosk model (it is empty)"),
        (("use", "en", "pl"), "names a language, not a model"),
        (("use", "english", "auto"), "'english' is no language"),
        (("use", "pl", "pocketsphinx"), "PocketSphinx knows 'en' only"),
        (("check", "pl"), "nothing can listen (pl)"),
        (("check", "./empty"), "is no Vosk model (it is empty)"),
        (("check", "en", "nothing.wav"), "nothing.wav"),
    ],
)
def test_what_makes_no_sense_is_told_with_exit_code_one(
    own: Site, arguments: tuple[str, ...], told: str
) -> None:
    empty = own.folder / "empty"
    empty.mkdir()
    resolved = [str(empty) if argument == "./empty" else argument for argument in arguments]
    ended = own.sternik(*resolved)
    assert ended.code == 1
    assert told in ended.told


def test_pocketsphinx_can_be_chosen_and_let_go_again(own: Site) -> None:
    write_tiny_model(own.speech_folder / NAME)
    chosen = own.sternik("use", "en", "pocketsphinx")
    assert "PocketSphinx listens (en): `sternik speech use` chose it" in chosen.told
    back = own.sternik("use", "en", "auto")
    assert f"Vosk listens (en) with {NAME}" in back.told
    warned = own.sternik("use", "en", "auto", STERNIK_SPEECH_ENGINE="pocketsphinx")
    assert "goes before this choice" in warned.told
