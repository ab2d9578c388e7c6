"""What a run learns from, batch by batch, made ahead in a thread while the model works."""

import queue
import threading
from collections.abc import Generator
from contextlib import suppress

import numpy as np

from bert_core.model.wordpiece import WordPiece
from bert_core.pretraining.batch_masks import mask_rule
from bert_core.pretraining.corpus import Corpus
from bert_core.pretraining.examples import (
    Batch,
    Cursor,
    Examples,
    ExampleSettings,
    check_enough,
)
from bert_core.pretraining.recipe import PretrainingRecipe

# Batches that wait for the model at most.
AHEAD = 4

Cursors = dict[int, Cursor]
Fed = tuple[list[Batch], Cursors]


class Feed:
    """Gives each step its batch, of which a process takes its share, cut into parts.

    rank, count: this process' number and how many there are.

    Raises:
        InputError: the corpus is too small for a batch, or the batch cannot be shared out.
    """

    def __init__(
        self,
        corpus: Corpus,
        wordpiece: WordPiece,
        recipe: PretrainingRecipe,
        rank: int = 0,
        count: int = 1,
    ) -> None:
        self.recipe, self.rank, self.count = recipe, rank, count
        rule = mask_rule(wordpiece, recipe.mask_rate, recipe.whole_words)
        lengths = {recipe.length} | ({recipe.long_length} if recipe.long_every else set())
        self.examples = {
            length: Examples(
                corpus,
                wordpiece,
                rule,
                ExampleSettings(recipe.objective, length, recipe.seed, recipe.redraw),
            )
            for length in sorted(lengths)
        }
        for length, examples in self.examples.items():
            check_enough(examples, self.rows(length))

    def rows(self, length: int) -> int:
        """Examples of a length in the batch of a step, over all processes."""
        return self.recipe.rows(length, self.count)

    def length_at(self, step: int) -> int:
        """How long the examples of a step are."""
        return self.recipe.long_length if self.recipe.is_long(step) else self.recipe.length

    def whole_batch(self, step: int, cursors: Cursors) -> tuple[Batch, Cursors]:
        """The batch of a step, and where each length's examples stand after it."""
        length = self.length_at(step)
        cursor = cursors.get(length, Cursor())
        batch, after = self.examples[length].batch(cursor, self.rows(length))
        return batch, {**cursors, length: after}

    def share(self, batch: Batch) -> list[Batch]:
        """This process' parts of a batch, as equal as the others'."""
        parts = self.recipe.accumulation
        size = len(batch) // (parts * self.count)
        starts = (np.arange(parts) * self.count + self.rank) * size
        return [batch.take(slice(start, start + size)) for start in starts.tolist()]

    def steps_for_epochs(self, epochs: float) -> int:
        """Steps after which the examples of the usual length were seen so many times."""
        usual = self.recipe.length
        steps = epochs * len(self.examples[usual].plan(0)) / self.rows(usual)
        every = self.recipe.long_every
        return max(1, round(steps * every / (every - 1) if every > 1 else steps))


def feed_ahead(feed: Feed, step: int, cursors: Cursors, steps: int) -> Generator[Fed, None, None]:
    """This process' parts for the steps from `step` to `steps` - 1, and the cursors after each.

    What goes wrong while a batch is made is raised where it would have come.
    """
    waiting: queue.Queue[Fed | BaseException | None] = queue.Queue(maxsize=AHEAD)
    stopped = threading.Event()

    def put(item: Fed | BaseException | None) -> None:
        while not stopped.is_set():
            with suppress(queue.Full):
                waiting.put(item, timeout=0.1)
                return

    def make(cursors: Cursors) -> None:
        try:
            for number in range(step, steps):
                if stopped.is_set():
                    return
                batch, cursors = feed.whole_batch(number, cursors)
                put((feed.share(batch), cursors))
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=make, args=(cursors,), daemon=True, name="pretraining-feed")
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
