"""Does B follow A: the softmax of transformers' own logits, IsNext first."""

import math
from pathlib import Path

import pytest
import torch
from transformers import BertForMaskedLM, BertForPreTraining, BertTokenizer

from bert_core.errors import InputError, MissingHeadError
from bert_core.model.bert import Bert, load_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.next_sentence.score import score_next_sentence
from tests.kit.tiny import save_tiny, tiny_config, tiny_model, tiny_tokenizer

PAIRS = [
    ("She opened the door and went in.", "The room was dark and cold."),
    ("She opened the door and went in.", "Interest rates rose in the second quarter."),
    ("the cat", "the [MASK] ran"),
    ("", "the dog"),
]
CLOSE = 1e-5


@pytest.fixture(scope="module")
def references() -> dict[str, tuple[BertForPreTraining, BertTokenizer]]:
    """The same models and tokenizers as transformers loads them."""
    embedded = BertForPreTraining.from_pretrained(EMBEDDED_FOLDER, dtype=torch.float32).eval()
    return {
        "embedded": (embedded, BertTokenizer.from_pretrained(EMBEDDED_FOLDER)),
        "tiny": (tiny_model().eval(), tiny_tokenizer()),
    }


@pytest.mark.parametrize("which", ["tiny", "embedded"])
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_score_is_transformers_own(
    which: str,
    first: str,
    second: str,
    references: dict[str, tuple[BertForPreTraining, BertTokenizer]],
    request: pytest.FixtureRequest,
) -> None:
    bert: Bert = request.getfixturevalue(which)
    ours = score_next_sentence(bert, run_bert(bert, encode(bert, first, second), ()))
    model, tokenizer = references[which]
    with torch.no_grad():
        logits = model(**tokenizer(first, second, return_tensors="pt")).seq_relationship_logits[0]
    is_next, not_next = torch.softmax(logits, dim=-1).tolist()
    assert (ours.is_next, ours.not_next) == pytest.approx((is_next, not_next), abs=CLOSE)
    assert (ours.is_next_logit, ours.not_next_logit) == pytest.approx(logits.tolist(), abs=1e-4)


def test_the_two_answers_sum_to_one_and_only_the_difference_of_the_logits_counts(
    tiny: Bert,
) -> None:
    score = score_next_sentence(tiny, run_bert(tiny, encode(tiny, "the cat", "the dog"), ()))
    assert score.is_next + score.not_next == pytest.approx(1)
    difference = score.is_next_logit - score.not_next_logit
    assert score.is_next == pytest.approx(1 / (1 + math.exp(-difference)))


def test_the_order_of_the_sentences_matters(embedded: Bert) -> None:
    first, second = PAIRS[0]
    scores = [
        score_next_sentence(embedded, run_bert(embedded, encode(embedded, *pair), ()))
        for pair in ((first, second), (second, first))
    ]
    assert scores[0] != scores[1]


def test_a_checkpoint_without_the_head_says_so_rather_than_score(tmp_path: Path) -> None:
    bare = BertForMaskedLM._from_config(tiny_config(), attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path, bare)), "cpu")
    with pytest.raises(MissingHeadError, match="no next-sentence head, so it cannot say"):
        score_next_sentence(bert, run_bert(bert, encode(bert, "the cat", "the dog"), ()))


@pytest.mark.parametrize("pair", [None, "", "  \n"])
def test_one_sentence_alone_is_refused(tiny: Bert, pair: str | None) -> None:
    with pytest.raises(InputError, match="needs two"):
        score_next_sentence(tiny, run_bert(tiny, encode(tiny, "the cat", pair), ()))


@pytest.mark.parametrize("pair", ["\u200b", "\u00ad \x00", "\ufeff"])
def test_a_second_sentence_without_a_piece_is_refused(embedded: Bert, pair: str) -> None:
    run = run_bert(embedded, encode(embedded, "the cat", pair), ())
    assert not run.encoding.has_pair
    with pytest.raises(InputError, match="Sentence B has nothing in it"):
        score_next_sentence(embedded, run)
