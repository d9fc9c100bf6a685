"""`sternik corpus`: check what Sternik is trained on, and import more of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ivr.errors import ConfigurationError
from sternik.settings import load_settings

# What the commands need takes long to import, so each imports it itself: `sternik serve` passes through
# here, too.

corpus = typer.Typer(
    no_args_is_help=True,
    help="The sentences that Sternik is trained on: check them, import more. Files are UTF-8 CSV or "
    "JSONL with text and intent, and where known language, source, session, speaker, weight, date.",
)
_console = Console(highlight=False, emoji=False)
_progress_console = Console(stderr=True, highlight=False, emoji=False)


@corpus.command()
def check(  # noqa: PLR0917 (typer passes options by name)
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE|FOLDER]...",
            help="corpus files, or folders of them; default: training/corpus",
        ),
    ] = None,
    held_out: Annotated[
        list[Path] | None,
        typer.Option(
            help="a file or folder for testing only (may be given more than once); folders called "
            "held_out are so by themselves"
        ),
    ] = None,
    language: Annotated[
        str,
        typer.Option(
            help="check this language only (two letters); also the language of files that do not tell "
            "theirs by a column, their name or their folder"
        ),
    ] = "",
    near: Annotated[
        float,
        typer.Option(min=0.6, max=1.0, help="how alike sentences are that are nearly the same"),
    ] = 0.75,
    doubtful: Annotated[
        int, typer.Option(min=0, help="how many labels to list that a model doubts most")
    ] = 20,
    show: Annotated[int, typer.Option(min=0, help="how many findings of a kind to list")] = 10,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="for programs: everything found, on standard output")
    ] = False,
) -> None:
    """Say what is wrong with a corpus and how varied it is; exit code 1 when there are errors.

    Errors: bad rows, one sentence under two intents, the same sentence in training and held out,
    personal data, an intent with fewer than 4 sentences. Warnings: near duplicates, fewer than 40
    sentences, labels that a model doubts which never saw them (speakers kept together), words that
    the language's recogniser cannot hear.
    """
    from sternik.corpus import choice, json_report, printing, vocabulary  # noqa: PLC0415
    from training.corpus_checks.check import CheckSettings, check_corpus  # noqa: PLC0415
    from training.corpus_checks.findings import Severity  # noqa: PLC0415

    settings = load_settings()
    kept = choice.chosen_files(held_out or [])
    files = choice.chosen_files([*(paths or [settings.corpus_folder]), *kept])
    with printing.progress_bar(_progress_console) as progress:
        found = check_corpus(
            files,
            CheckSettings(
                languages=(language,) if language else (),
                held_out=choice.held_out_files(files, kept),
                default_language=language,
                near=near,
                doubtful=doubtful,
            ),
            lambda wanted: vocabulary.vocabulary_of(settings, wanted, files),
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(json_report.as_json(found), ensure_ascii=False, indent=2))
    else:
        printing.print_check(found, _console, shown=show)
    raise typer.Exit(1 if found.count(Severity.ERROR) else 0)


@corpus.command("import")
def import_file(  # noqa: PLR0917 (typer passes options by name)
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="CSV or JSONL with a text and a label: text,category (as BANKING77 is), text,intent, "
            "or labelled calls: interaction,words,intent",
        ),
    ],
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="FILE",
            help="the corpus file to write, such as training/corpus/en-calls.csv",
        ),
    ],
    language: Annotated[
        str, typer.Option(help="of the rows (two letters); default: what FILE's name begins with")
    ] = "",
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="which intent a label is: YAML (`card_arrival: card_activation`; nothing behind the "
            "colon leaves its rows out) or CSV (label,intent); other labels keep their name",
        ),
    ] = None,
    text_column: Annotated[
        str, typer.Option(help="default: text, words, sentence, utterance or query")
    ] = "",
    intent_column: Annotated[str, typer.Option(help="default: intent, category or label")] = "",
    session: Annotated[str, typer.Option(help="for rows that tell none; default: none")] = "",
    source_name: Annotated[
        str, typer.Option("--source", help="for rows that tell none; default: SOURCE's name")
    ] = "",
    *,
    keep_good: Annotated[
        bool,
        typer.Option(
            "--keep-good",
            help="import the good rows all the same; the bad ones, which may hold personal data, go to "
            "FILE.rejected.csv with their lines",
        ),
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="FILE may be there already")] = False,
) -> None:
    """Write labelled sentences as a corpus file: lower case, numbers in words, intents for labels.

    All or nothing: one bad row and no file is written, unless --keep-good is given. Bad are rows without
    text or label, with over 60 words, with personal data (card and account numbers, PESEL, e-mail), and
    the same sentence under a second label. A sentence that was there already is left out. A call's
    id (interaction) becomes the speaker, so that one call is never on both sides of a split.
    """
    from sternik.corpus import printing  # noqa: PLC0415
    from training.corpus_imports.importing import ImportSettings, import_corpus  # noqa: PLC0415
    from training.corpus_imports.label_mapping import read_label_mapping  # noqa: PLC0415
    from training.sources import language_of_path  # noqa: PLC0415

    wanted = language or language_of_path(to.absolute())
    if not wanted:
        raise ConfigurationError(
            "the language is not known",
            advice=f"give --language, or call the file en-{to.stem}{to.suffix}",
            where=str(to),
        )
    with printing.progress_bar(_progress_console) as progress:
        imported = import_corpus(
            source,
            to,
            ImportSettings(
                language=wanted,
                source=source_name or source.stem,
                session=session,
                text_column=text_column,
                intent_column=intent_column,
                labels=read_label_mapping(labels) if labels else {},
                keep_good=keep_good,
                replace=replace,
            ),
            progress=progress,
        )
    printing.print_imported(imported, _console)
