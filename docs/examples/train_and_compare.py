"""Train two models on a small corpus, judge both on a session that neither saw, and compare them.

    .venv/bin/python docs/examples/train_and_compare.py [FOLDER]

FOLDER (default: a temporary one) gets the corpus, the models and the report. Takes some seconds.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

from training import api
from training.intent_trainer import TrainerSettings

SENTENCES = {
    "pin": [
        "i forgot my pin",
        "my pin is blocked",
        "send me a new pin please",
        "wrong pin it says",
    ],
    "mortgage": [
        "i want a mortgage",
        "a loan for a house please",
        "what are your mortgage rates",
        "we are buying a flat on a mortgage",
    ],
    "out_of_scope": [
        "what is the weather like",
        "two large pizzas",
        "sorry wrong number",
        "turn the music down",
    ],
}
HELD_OUT = {
    "pin": ["the pin does not work", "how do i get a pin", "i can't remember the pin i have"],
    "mortgage": ["can you lend us money for a house", "mortgage", "the rates of a home loan"],
    "out_of_scope": ["is it raining", "a pizza with mushrooms", "who is this"],
}
OPENINGS = ("", "hello ", "well you see ", "good morning ")
QUICK = TrainerSettings(folds=2, garbled_copies=1)


def write_corpus(path: Path, sentences: dict[str, list[str]], openings: tuple[str, ...]) -> Path:
    """Write a corpus file: who opens alike is one speaker, and stays on one side of every split."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "intent", "language", "source", "session", "speaker"])
        for speaker, opening in enumerate(openings):
            for intent, texts in sentences.items():
                for text in texts:
                    said = opening + text
                    rows.writerow([said, intent, "en", "written", path.stem, f"s{speaker}"])
    return path


def main(folder: Path) -> None:
    """From corpora to a verdict."""
    few = write_corpus(folder / "few.csv", SENTENCES, OPENINGS[:2])
    more = write_corpus(folder / "more.csv", SENTENCES, OPENINGS)
    held_out = write_corpus(folder / "held_out.csv", HELD_OUT, ("",))

    models = folder / "models"
    old = api.train([few], "en", models_folder=models, settings=QUICK)
    new = api.train([more], "en", models_folder=models, settings=QUICK)
    print("trained", old.version, "and", new.version)

    test = api.load_test(new, held_out)
    report = api.evaluate(new, [test], against=old)
    figures = report.sets[0]
    accuracy = figures.accuracy
    print(
        f"accuracy {accuracy.value:.2f} (95 %: {accuracy.low:.2f} to {accuracy.high:.2f}),"
        f" keywords alone {figures.keyword_accuracy:.2f}"
    )
    for mistake in figures.mistakes[:3]:
        print(f"  “{mistake.said}” was taken for {mistake.taken}, not {mistake.meant}")
    print(api.compare(new, old, test).words)
    print("report:", api.write(report, folder / "report"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory(prefix="sternik-example-") as name:
            main(Path(name))
