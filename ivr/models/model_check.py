"""Opens the classifier of a verified artefact and tries it, before anybody relies on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.models.intent_classifier import LinearIntentClassifier
from ivr.models.manifest import unusable

if TYPE_CHECKING:
    from ivr.models.artefact import ModelArtefact
    from ivr.ports import IntentClassifier


def open_classifier(artefact: ModelArtefact) -> IntentClassifier:
    """Load the classifier and ask it once; it must know exactly the manifest's labels.

    Raises `ModelUnusableError`. Takes tenths of a second of computing and reading.
    """
    classifier = LinearIntentClassifier.load(artefact)
    known = {candidate.intent for candidate in classifier.classify("").candidates}
    promised = set(artefact.manifest.intents)
    if known != promised:
        differing = ", ".join(sorted(known ^ promised))
        raise unusable(
            artefact.folder, f"classifier and manifest differ in their labels: {differing}"
        )
    return classifier
