"""The Engine beside direct calls of `run_bert`: eight who ask at once, and one alone.

BERT-base shape with random weights, 32 tokens, everything kept, the cache off.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from transformers import BertConfig, BertForPreTraining

from benchmarks.report import Figure, interleave, measure_seconds, median, publish
from bert_core.model.bert import Bert, wrap_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.inference import ALL, Asked, BertRun, run_bert
from bert_core.model.tokenization import Encoding, encode
from bert_core.model.wordpiece import load_wordpiece
from bert_core.serving.engine import Engine

TOKENS = 32
THREADS = 8
EACH = 4  # sentences that each thread asks for in a round
ROUNDS = 9
LONE_ROUNDS = 60

Ask = Callable[[Encoding], BertRun]


def make_base() -> Bert:
    """A model of BERT-base's shape, with random weights."""
    torch.manual_seed(0)
    model = BertForPreTraining._from_config(BertConfig(), attn_implementation="eager")
    return wrap_bert("base", model, load_wordpiece(EMBEDDED_FOLDER))


def make_inputs(bert: Bert, count: int) -> list[Encoding]:
    """`count` different inputs of exactly TOKENS tokens."""
    model = encode(bert, " ".join(["a"] * (TOKENS - 2)))
    generator = torch.Generator().manual_seed(0)
    words = torch.randint(1000, 5000, (count, TOKENS - 2), generator=generator).tolist()
    return [replace(model, ids=(model.ids[0], *row, model.ids[-1])) for row in words]


def measure_crowd(ask: Ask, inputs: list[Encoding]) -> float:
    """Sentences per second of THREADS threads, each asking for one after another."""

    def visit(share: list[Encoding]) -> None:
        for encoding in share:
            ask(encoding)

    def all_of_them() -> None:
        shares = [inputs[at::THREADS] for at in range(THREADS)]
        threads = [threading.Thread(target=visit, args=(share,)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return len(inputs) / measure_seconds(all_of_them)


def main() -> None:
    bert = make_base()
    inputs = make_inputs(bert, THREADS * EACH)
    direct: Ask = partial(run_bert, bert)
    with Engine(bert, cache_bytes=0) as engine:
        crowd = interleave(
            ROUNDS,
            lambda: measure_crowd(engine.run, inputs),
            lambda: measure_crowd(direct, inputs),
        )
        alone = interleave(
            LONE_ROUNDS,
            lambda: measure_seconds(lambda: engine.run(Asked(inputs[0], ALL))) * 1000,
            lambda: measure_seconds(lambda: direct(inputs[0])) * 1000,
            warm_up=5,
        )
    publish(
        "engine",
        f"Engine beside direct calls: BERT-base shape, {TOKENS} tokens, cache off, medians",
        [
            Figure(
                f"{THREADS} threads, distinct inputs",
                median(crowd[0]),
                median(crowd[1]),
                "sentences/s",
                at_least=1.4,
            ),
            Figure("one lone request", median(alone[0]), median(alone[1]), "ms", at_most=1.1),
        ],
        rounds={"crowd": ROUNDS, "lone": LONE_ROUNDS, "sentences_in_a_round": len(inputs)},
    )


if __name__ == "__main__":
    main()
