"""What the pretraining lab asks for, and what is known of a run before its first step."""

from pathlib import Path

import numpy as np

from bert_core.lab.folder import Facts
from bert_core.lab.settings import BATCH, LEARNING_RATE, LENGTH, TEXT, LabSettings
from bert_core.pretraining.corpus import Corpus
from bert_core.pretraining.examples import NO_LABEL, Batch
from bert_core.pretraining.pairs import NEXT_SENTENCE, NO_PAIRS
from bert_core.pretraining.recipe import Shape
from bert_core.pretraining.setup import STEPS, PreparedRun, RunRequest

CHECKED_EXAMPLES = 128


def request_of(settings: LabSettings, out: Path) -> RunRequest:
    """What the pretraining command would be asked for."""
    return RunRequest(
        texts=TEXT,
        out=out,
        changes={
            "shape": Shape(settings.layers, settings.width, settings.heads),
            "objective": NEXT_SENTENCE if settings.pairs else NO_PAIRS,
            "length": LENGTH,
            "batch": BATCH,
            "mask_rate": settings.rate / 100,
            "rate": LEARNING_RATE,
            # As wide as keeps the length of what goes through them; BERT's own is for 768.
            "spread": settings.width**-0.5,
            "seed": settings.seed,
        },
        vocabulary=settings.vocabulary,
        limit=(STEPS, settings.steps),
        held_out_list=TEXT / "held_out.json",
    )


def facts_of(run: PreparedRun, held_out: list[Batch]) -> Facts:
    """What is known of a run before its first step."""
    facts = run.corpus.facts
    return Facts(
        unigram=unigram_loss(run.corpus.training, held_out, len(run.wordpiece.vocabulary)),
        parameters=sum(weight.numel() for weight in run.learner.model.parameters()),
        vocabulary=len(run.wordpiece.vocabulary),
        pieces=facts.pieces,
        words=facts.words,
        documents=facts.documents,
        held_out_documents=facts.held_out_documents,
    )


def unigram_loss(training: Corpus, held_out: list[Batch], vocabulary: int) -> float:
    """Nats that each hidden token of `held_out` costs who knows only how often pieces occur.

    The shares are those of the training text, each piece counted once more, since one that never
    occurs there may occur here.
    """
    counts = np.bincount(training.pieces, minlength=vocabulary) + 1.0
    shares = np.log(counts / counts.sum())
    labels = np.concatenate([batch.labels[batch.labels != NO_LABEL] for batch in held_out])
    return float(-shares[labels].mean())
