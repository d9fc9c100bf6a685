"""A Vosk model's folder, looked at without loading it.

Two layouts (vosk-api, `src/model.cc`): the usual one with `am/final.mdl`, `conf/` and `graph/`, and an
older one with everything in one folder. Where `HCLG.fst` is there Vosk takes it, and can use no grammar;
otherwise it composes `HCLr.fst` and `Gr.fst` as it listens, and a grammar may take the place of the latter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ivr.errors import ModelUnusableError
from ivr.models.openfst_file import DamagedFstError, inspect_fst, read_fst_words, without_marks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_RATE_HZ: Final = 16_000

_KALDI_BINARY: Final = b"\0B"
_MOST_CONF_BYTES: Final = 64 * 1024
_MOST_WORDS_FILE_BYTES: Final = 256 * 1024 * 1024
_OPTION = re.compile(r"\s*--(?P<name>[a-z-]+)=(?P<value>\S+)")
_NAME = re.compile(r"vosk-model-(?:small-|big-)?(?P<language>[a-z]{2})(?=-|$)")
# What Vosk calls some languages, as ISO 639-1 does.
_ISO: Final = {"cn": "zh", "gr": "el", "kz": "kk", "ua": "uk", "vn": "vi"}
_ADVICE: Final = (
    "name the folder of an unpacked Vosk model, or get one: sternik speech fetch LANGUAGE"
)


class VoskGraph(StrEnum):
    """How a model's words hang together."""

    DYNAMIC = "dynamic"
    STATIC = "static"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoskModelFolder:
    """A folder that holds all files of a model, none of them cut off as far as their heads tell.

    Audio of `sample_rate_hz` fits; other rates only where resampling is allowed (`allows_lower_rates`:
    telephone audio at 8 kHz into a model of 16 kHz). `language` is what the folder's name tells (ISO
    639-1), or None. `size_bytes` is all its files together.
    """

    path: Path
    graph: VoskGraph
    sample_rate_hz: int
    allows_lower_rates: bool
    allows_higher_rates: bool
    language: str | None
    size_bytes: int

    @property
    def name(self) -> str:
        """The model's name; that of the folder above where the folder is just called `model`."""
        return self.path.parent.name if self.path.name == "model" else self.path.name

    @property
    def takes_grammars(self) -> bool:
        """Whether it can be told what to expect; if not, it hears free-form only."""
        return self.graph is VoskGraph.DYNAMIC


def read_model_folder(path: Path, *, thorough: bool = False) -> VoskModelFolder:
    """Inspect a model; some 0.2 s, and 2 s when `thorough` (see `inspect_fst`).

    Raises `ModelUnusableError` with what is wrong and what to do.
    """
    path = path.expanduser().absolute()
    layout = _layout(path)
    try:
        graph = _graph(layout, thorough=thorough)
        options = _options(layout.mfcc_conf)
        for file in (layout.acoustic_model, layout.mfcc_conf):
            _not_empty(file)
        _is_kaldi(layout.acoustic_model)
        return VoskModelFolder(
            path=path,
            graph=graph,
            sample_rate_hz=_rate_hz(options, layout.mfcc_conf),
            allows_lower_rates=options.get("allow-upsample") == "true",
            allows_higher_rates=options.get("allow-downsample") == "true",
            language=language_of_name(path.name),
            size_bytes=sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
        )
    except OSError as error:
        raise _unusable(error.filename or path, f"cannot be read ({error.strerror})") from error


def read_vocabulary(model: VoskModelFolder) -> frozenset[str]:
    """Every word that the model knows, as it writes them; 0.7 s for half a million.

    They stand in the graph, or in `words.txt` beside it. Raises `ModelUnusableError`.
    """
    layout = _layout(model.path)
    graph = layout.static_graph if model.graph is VoskGraph.STATIC else layout.language_model
    try:
        words = read_fst_words(graph) or _words_of_text(layout.words)
    except DamagedFstError as error:
        raise _unusable(graph, str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(layout.words, f"its words cannot be read ({error})") from error
    return frozenset(words)


def looks_like_model(path: Path) -> bool:
    """Whether a folder has the files by which Vosk itself recognises a model, whole or not."""
    return any(
        (path / model).is_file() and (path / conf).is_file()
        for model, conf in (("am/final.mdl", "conf/mfcc.conf"), ("final.mdl", "mfcc.conf"))
    )


def model_inside(path: Path) -> Path | None:
    """The one model in a folder of `path`, as unpacking a zip file leaves it; None if not exactly one."""
    try:
        found = [child for child in sorted(path.iterdir()) if looks_like_model(child)]
    except OSError:
        return None
    return found[0] if len(found) == 1 else None


def language_of_name(name: str) -> str | None:
    """The language (ISO 639-1) in a name such as `vosk-model-small-en-us-0.15`; None without one."""
    match = _NAME.match(name)
    return iso_language(match["language"]) if match else None


def iso_language(vosk_language: str) -> str:
    """ISO 639-1 for what Vosk's list calls a language: `en-us` is `en`, `ua` is `uk`."""
    code = vosk_language.lower().replace("_", "-").partition("-")[0]
    return _ISO.get(code, code)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    acoustic_model: Path
    mfcc_conf: Path
    model_conf: Path | None
    graph_folder: Path

    @property
    def static_graph(self) -> Path:
        return self.graph_folder / "HCLG.fst"

    @property
    def lexicon_graph(self) -> Path:
        return self.graph_folder / "HCLr.fst"

    @property
    def language_model(self) -> Path:
        return self.graph_folder / "Gr.fst"

    @property
    def words(self) -> Path:
        return self.graph_folder / "words.txt"


def _layout(path: Path) -> _Layout:
    if not path.is_dir():
        problem = (
            "is a file, not a folder: unpack it" if path.is_file() else "there is no such folder"
        )
        raise _unusable(path, problem)
    if (path / "am" / "final.mdl").is_file() and (path / "conf" / "mfcc.conf").is_file():
        return _Layout(
            acoustic_model=path / "am" / "final.mdl",
            mfcc_conf=path / "conf" / "mfcc.conf",
            model_conf=path / "conf" / "model.conf",
            graph_folder=path / "graph",
        )
    if (path / "final.mdl").is_file() and (path / "mfcc.conf").is_file():
        return _Layout(
            acoustic_model=path / "final.mdl",
            mfcc_conf=path / "mfcc.conf",
            model_conf=None,
            graph_folder=path,
        )
    inside = model_inside(path)
    if inside is not None:
        raise ModelUnusableError(f"{path} is no Vosk model, but {inside} is one: name that folder")
    lacks = "is empty" if not any(path.iterdir()) else "has no am/final.mdl with conf/mfcc.conf"
    raise _unusable(path, f"is no Vosk model (it {lacks})")


def _graph(layout: _Layout, *, thorough: bool) -> VoskGraph:
    """Which graph Vosk would take, all its files there and whole."""
    if layout.model_conf is not None and not layout.model_conf.is_file():
        raise _incomplete(layout.model_conf)
    if layout.static_graph.is_file():
        _check_graph(layout.static_graph, layout.words)
        return VoskGraph.STATIC
    disambiguation = layout.graph_folder / "disambig_tid.int"
    for file in (layout.lexicon_graph, layout.language_model, disambiguation):
        if not file.is_file():
            raise _incomplete(file)
    _not_empty(disambiguation)
    _check_graph(layout.lexicon_graph, thorough=thorough)
    _check_graph(layout.language_model, layout.words)
    return VoskGraph.DYNAMIC


def _check_graph(file: Path, words: Path | None = None, *, thorough: bool = False) -> None:
    """Check that a graph is whole and, where `words` is given, that its words are in one of the two."""
    try:
        graph = inspect_fst(file, thorough=thorough)
    except DamagedFstError as error:
        raise _unusable(file, str(error)) from error
    if words is not None and not graph.has_symbols and not words.is_file():
        raise _incomplete(words)


def _options(conf: Path) -> dict[str, str]:
    with conf.open(encoding="utf-8", errors="replace") as file:
        lines = file.read(_MOST_CONF_BYTES).splitlines()
    return {found["name"]: found["value"] for line in lines if (found := _OPTION.match(line))}


def _rate_hz(options: dict[str, str], conf: Path) -> int:
    written = options.get("sample-frequency", str(DEFAULT_RATE_HZ))
    try:
        rate_hz = int(float(written))
    except (ValueError, OverflowError):
        rate_hz = 0
    if rate_hz not in range(8000, 48_001):
        raise _unusable(conf, f"--sample-frequency={written} is no rate between 8 and 48 kHz")
    return rate_hz


def _not_empty(file: Path) -> None:
    if not file.stat().st_size:
        raise _unusable(file, "is empty")


def _is_kaldi(file: Path) -> None:
    with file.open("rb") as opened:
        if opened.read(2) != _KALDI_BINARY:
            raise _unusable(file, "is no acoustic model of Kaldi")


def _words_of_text(file: Path) -> tuple[str, ...]:
    """The first column of `words.txt` (word and number a line)."""
    if file.stat().st_size > _MOST_WORDS_FILE_BYTES:
        raise _unusable(file, "is too large to be a list of words")
    return without_marks([word for line in _lines(file) for word in line.split()[:1]])


def _lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8") as opened:
        yield from opened


def _incomplete(file: Path) -> ModelUnusableError:
    return _unusable(file, "is missing, so the model is incomplete")


def _unusable(where: object, problem: str) -> ModelUnusableError:
    return ModelUnusableError(f"{where}: {problem}; {_ADVICE}")
