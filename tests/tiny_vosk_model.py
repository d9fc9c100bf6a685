"""Folders in the shape of Vosk models, a few hundred bytes each: heads are real, bodies are empty."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

FST_MAGIC = 2125659606
SYMBOLS_MAGIC = 2125658996
WORDS = ("<eps>", "card", "lost", "my", "zażółć", "[unk]", "#0", "<s>", "</s>")
SPOKEN = frozenset({"card", "lost", "my", "zażółć", "[unk]"})


def text(value: str) -> bytes:
    written = value.encode()
    return struct.pack("<i", len(written)) + written


def symbol_table(words: Sequence[str]) -> bytes:
    entries = b"".join(text(word) + struct.pack("<q", key) for key, word in enumerate(words))
    return (
        struct.pack("<i", SYMBOLS_MAGIC)
        + text("words.txt")
        + struct.pack("<qq", len(words), len(words))
        + entries
    )


def header(kind: str, *, states: int, arcs: int, flags: int = 0) -> bytes:
    return (
        struct.pack("<i", FST_MAGIC)
        + text(kind)
        + text("standard")
        + struct.pack("<iiQqqq", 4, flags, 0, 0, states, arcs)
    )


def ngram_fst(words: Sequence[str] | None = WORDS) -> bytes:
    """A language model with one state; `None`: without its words."""
    tables = b"" if words is None else 2 * symbol_table(words)
    head = header("ngram", states=1, arcs=0, flags=0 if words is None else 3)
    # 3 bit maps of one word each; 2 words, 0 futures, 2 back-offs, 0 finals, 1 cost.
    return head + tables + struct.pack("<QQQ", 1, 0, 0) + bytes(3 * 8 + 5 * 4)


def const_fst(words: Sequence[str] | None = None) -> bytes:
    table = b"" if words is None else symbol_table(words)
    flags = 0 if words is None else 2
    return header("const", states=2, arcs=3, flags=flags) + table + bytes(2 * 20 + 3 * 16)


def lookahead_fst() -> bytes:
    """Without a table of what its states reach."""
    outer = header("olabel_lookahead", states=0, arcs=0)
    return outer + struct.pack("<i", 446681434) + const_fst() + b"\0"


def write_tiny_model(
    folder: Path, *, words: Sequence[str] | None = WORDS, static: bool = False, flat: bool = False
) -> Path:
    """A model whose files are all there; `flat` is the old layout, `static` has one graph."""
    conf, am, graph = (
        (folder, folder, folder) if flat else (folder / "conf", folder / "am", folder / "graph")
    )
    for part in (conf, am, graph):
        part.mkdir(parents=True, exist_ok=True)
    (am / "final.mdl").write_bytes(b"\0B<TransitionModel> ")
    (conf / "mfcc.conf").write_text("--use-energy=false\n--sample-frequency=16000\n")
    if not flat:
        (conf / "model.conf").write_text("--beam=10.0\n")
    if static:
        (graph / "HCLG.fst").write_bytes(const_fst(words))
    else:
        (graph / "HCLr.fst").write_bytes(lookahead_fst())
        (graph / "Gr.fst").write_bytes(ngram_fst(words))
        (graph / "disambig_tid.int").write_text("1\n")
    return folder


def zip_folder(folder: Path, archive: Path, *, compress: bool = True) -> Path:
    """The folder under its own name, as Vosk's site packs it."""
    kind = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(archive, "w", kind) as opened:
        for path in sorted(folder.rglob("*")):
            opened.write(path, Path(folder.name) / path.relative_to(folder))
    return archive
