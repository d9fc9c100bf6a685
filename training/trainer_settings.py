"""How the training of an intent model goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerSettings:
    """The same settings, corpus and code give the same model.

    `penalties` are inverse regularisation strengths of the linear model, tried by out-of-fold log
    loss over `folds` parts. A logistic regression learns of up to `most_logistic_examples` texts,
    garbled ones included, support vector machines of more. Trained on are also up to
    `garbled_copies` of every text at `word_error_rate` (0..1), as many as `most_examples` allow, and
    filler words, alone and in `filler_salads` mixtures, as out of scope. A corpus of more than
    `most_choosing_rows` is chosen and calibrated on so many of its rows and then fitted as a whole.
    No intent claims the texts for which even the best one's score is below that of all but
    `rejected_share` (0..1) of utterances in scope. `embeddings` (English) puts sentence embeddings
    beside the n-grams, `embedding_scale` times as long as either. `processes` is how many cores are
    used, None for all there are; it changes nothing else.
    """

    seed: int = 7
    folds: int = 4
    penalties: tuple[float, ...] = (0.3, 1.0)
    garbled_copies: int = 2
    word_error_rate: float = 0.15
    rejected_share: float = 0.02
    filler_salads: int = 60
    overheard: int = 150
    most_logistic_examples: int = 8_000
    most_examples: int = 30_000
    most_choosing_rows: int = 12_000
    embeddings: bool = False
    embedding_scale: float = 2.0
    processes: int | None = None

    def copies_of(self, utterances: int) -> int:
        """How many garbled copies of each of so many utterances are made."""
        affordable = self.most_examples // max(utterances, 1) - 1
        return max(0, min(self.garbled_copies, affordable))
