"""What the model answers at chosen tokens, beside transformers' loss and the head's own guesses."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertForMaskedLM

from bert_core.errors import MissingHeadError
from bert_core.masked_words.predict import predict_masked
from bert_core.masked_words.training import answer_chosen
from bert_core.model.bert import Bert, wrap_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.pretraining.masks import (
    FATES,
    KEPT,
    MASKED,
    RANDOM,
    apply,
    roll_masks,
)
from bert_core.serving.engine import Engine
from bert_core.serving.runner import engine_runner
from tests.kit.tiny import save_tiny, tiny_model, tiny_wordpiece

TEXT = "the cat sat on the mat and walked to the bank of the river; the dogs played"
PAIR = "world money hello 42"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    tiny = save_tiny(tmp_path_factory.mktemp("tiny"), tiny_model())
    return {"tiny": tiny, "embedded": EMBEDDED_FOLDER}


@pytest.mark.parametrize("which", ["tiny", "embedded"])
def test_the_loss_is_that_of_transformers_with_labels(
    which: str, folders: dict[str, Path], request: pytest.FixtureRequest
) -> None:
    bert: Bert = request.getfixturevalue(which)
    reference = BertForMaskedLM.from_pretrained(folders[which], dtype=torch.float32).eval()
    for seed, (text, pair) in enumerate([(TEXT, None), (TEXT, PAIR), ("cat", None)]):
        encoding = encode(bert, text, pair)
        draw = roll_masks(bert, encoding, seed, rate=0.4)
        labels = np.full(len(encoding), -100)
        labels[draw.positions] = np.array(encoding.original_ids)[draw.positions]
        with torch.no_grad():
            theirs = reference(
                input_ids=torch.tensor([apply(bert, encoding, draw).ids]),
                token_type_ids=torch.tensor([encoding.segments]),
                labels=torch.tensor(labels[None]),
            )
        assert answer_chosen(bert, encoding, draw).loss == pytest.approx(
            float(theirs.loss), abs=1e-4
        )


def test_answers_are_those_of_the_masked_word_head_at_the_chosen_tokens(tiny: Bert) -> None:
    encoding = encode(tiny, TEXT, PAIR)
    draw = roll_masks(tiny, encoding, 3, rate=0.5)
    assert set(draw.fates.tolist()) == {MASKED, RANDOM, KEPT}
    found = answer_chosen(tiny, encoding, draw)
    run = run_bert(tiny, apply(tiny, encoding, draw), ())
    guesses = predict_masked(tiny, run, 3, draw.positions.tolist())
    assert found.encoding == run.encoding
    for answer, guess, fate in zip(found.answers, guesses, draw.fates, strict=True):
        assert answer.position == guess.position
        assert answer.fate == FATES[fate]
        assert answer.seen == run.encoding.tokens[guess.position]
        assert (answer.seen == "[MASK]") == (fate == MASKED)
        assert answer.guess == guess.pieces[0]
        assert answer.original == encoding.tokens[guess.position] == guess.original
        assert answer.original_probability == pytest.approx(guess.original_probability)
        assert answer.original_rank == guess.original_rank
        assert answer.right == (guess.pieces[0] == guess.original)
        assert answer.loss == pytest.approx(-np.log(answer.original_probability))
    assert found.right == sum(answer.original_rank == 1 for answer in found.answers)
    assert found.loss == pytest.approx(np.mean([answer.loss for answer in found.answers]))


def test_an_engine_gives_the_same_answers(tiny: Bert, engine: Engine) -> None:
    encoding = encode(tiny, TEXT)
    draw = roll_masks(tiny, encoding, 1)
    direct, asked = (
        answer_chosen(tiny, encoding, draw, run) for run in (None, engine_runner(engine))
    )
    assert direct == asked


def test_a_model_without_the_head_says_so() -> None:
    headless = wrap_bert("bare", tiny_model(), tiny_wordpiece(), missing=["cls.predictions.bias"])
    encoding = encode(headless, TEXT)
    with pytest.raises(MissingHeadError, match="no masked-word head"):
        answer_chosen(headless, encoding, roll_masks(headless, encoding, 0))
