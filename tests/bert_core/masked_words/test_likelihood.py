"""How probable sentences are: against a slow loop over transformers' model, and minicons."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertForMaskedLM, BertModel

from bert_core.errors import InputError, MissingHeadError
from bert_core.masked_words.likelihood import score_encodings, score_sentences
from bert_core.masked_words.minimal_pairs import compare_pairs
from bert_core.masked_words.scores import (
    METHODS,
    Method,
    SentenceScore,
    rank,
)
from bert_core.model.bert import Bert, load_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.tokenization import Encoding, encode
from tests.kit.recorder import RecordingRunner
from tests.kit.texts import any_text
from tests.kit.tiny import save_tiny, tiny_bert, tiny_model

MODELS = ["tiny", "embedded"]
SENTENCES = [
    "The keys to the cabinet are on the table.",
    "The keys to the cabinet is on the table.",
    "He put his money in the unbelievable bankruptcies.",
    "Photosynthesis transubstantiates chlorophyll into carbohydrates, doesn't it?",
    "dog",
    "Paris",
    "Antidisestablishmentarianism!",
    "The cat sat on the mat, and the dog ran to the river with some money from the bank.",
    "Zyzzyva snorkelled xylophonically; 1984 was 12,345 days ago.",
    "They walked and played while she was re-reading Schopenhauer's worst misinterpretations.",
    "中文 naïve café",
    "hello world",
]
each_model = pytest.mark.parametrize("which", MODELS)
each_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(scope="module")
def oracles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BertForMaskedLM]:
    """The same two models, as transformers builds them from their checkpoints."""
    folders = {"tiny": save_tiny(tmp_path_factory.mktemp("tiny")), "embedded": EMBEDDED_FOLDER}
    return {
        name: BertForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval()
        for name, folder in folders.items()
    }


@pytest.fixture(scope="module")
def minicons() -> Any:
    """The scorer of minicons 0.3.39 on the model that ships."""
    from minicons.scorer import MaskedLMScorer  # takes a second, which other tests need not wait

    return MaskedLMScorer(str(EMBEDDED_FOLDER), "cpu", dtype=torch.float32)


def slow_shares(
    model: BertForMaskedLM, bert: Bert, encoding: Encoding, method: Method
) -> list[float]:
    """Paper-exact: for each token of the text one pass of its own, in a loop."""
    mask_id = bert.wordpiece.special_ids["mask"]
    shares = []
    for position, number in enumerate(encoding.original_ids):
        if encoding.sequences[position] is None or number == mask_id:
            continue
        ids = list(encoding.ids)
        ids[position] = mask_id
        if method == "within_word_l2r":
            for later in range(position + 1, len(ids)):
                same = encoding.sequences[later] == encoding.sequences[position]
                if same and encoding.word_ids[later] == encoding.word_ids[position]:
                    ids[later] = mask_id
        segments = torch.tensor([encoding.segments])
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids]), token_type_ids=segments).logits
        shares.append(float(torch.log_softmax(logits[0, position].double(), dim=0)[number]))
    return shares


@each_method
@each_model
def test_each_share_is_that_of_a_pass_of_its_own(
    which: str,
    method: Method,
    oracles: dict[str, BertForMaskedLM],
    request: pytest.FixtureRequest,
) -> None:
    bert: Bert = request.getfixturevalue(which)
    sentences = [
        SENTENCES[0],
        SENTENCES[2],
        ("He ran unstoppably.", "So did the unplayable [MASK]."),
    ]
    scores = list(score_sentences(bert, sentences, method))
    assert len(scores) == len(sentences)
    for score in scores:
        expected = slow_shares(oracles[which], bert, score.encoding, method)
        np.testing.assert_allclose(score.log_probabilities, expected, rtol=0, atol=5e-5)
        assert score.total == pytest.approx(sum(expected), abs=2e-4)


@each_method
def test_totals_and_shares_are_those_of_minicons(
    embedded: Bert, minicons: Any, method: Method
) -> None:
    for score in score_sentences(embedded, SENTENCES, method):
        # minicons calls the tokenizer in a way that is gone from transformers 5, but takes what is
        # tokenized; one at a time, as it keeps the whole vocabulary for every token of a batch.
        tokenized = minicons.tokenizer([score.encoding.text])
        (rows,) = minicons.token_score(tokenized, PLL_metric=method)
        tokens = [score.encoding.tokens[position] for position in score.positions]
        assert tokens == [token for token, _ in rows]
        np.testing.assert_allclose(
            score.log_probabilities, [share for _, share in rows], rtol=0, atol=1e-4
        )
        assert score.total == pytest.approx(sum(share for _, share in rows), abs=1e-4)


def test_the_sentences_have_words_of_several_pieces(embedded: Bert) -> None:
    words = [word for text in SENTENCES for word in encode(embedded, text).words]
    assert sum(len(word.positions) > 1 for word in words) >= 10
    assert max(len(word.positions) for word in words) >= 4


def test_the_two_methods_differ_only_in_words_of_several_pieces_and_not_in_their_last(
    embedded: Bert,
) -> None:
    original, from_left = (
        next(score_sentences(embedded, [SENTENCES[3]], method)) for method in METHODS
    )
    gap = np.abs(original.log_probabilities - from_left.log_probabilities)
    last = {word.positions[-1] for word in original.encoding.words}
    for position, difference in zip(original.positions, gap, strict=True):
        assert difference < 2e-5 if position in last else difference > 1e-3


def test_a_total_is_divided_by_tokens_and_by_words(embedded: Bert) -> None:
    (score,) = score_sentences(embedded, ["Unbelievable bankruptcies!"])
    tokens = score.encoding.tokens[1:-1]
    assert tokens == ("unbelievable", "bankrupt", "##cies", "!")
    assert score.positions == (1, 2, 3, 4)
    assert score.words == 3
    assert score.total is not None
    assert score.per_token == score.total / 4
    assert score.per_word == score.total / 3
    assert [score.by("total"), score.by("per_word")] == [score.total, score.per_word]
    with pytest.raises(InputError, match="not “mean”"):
        score.by("mean")


def test_masks_that_were_put_in_stay_and_are_scored_and_typed_ones_are_not(tiny: Bert) -> None:
    put = encode(tiny, "the cat sat on the mat", None, [2])
    typed = encode(tiny, "the [MASK] sat on the mat")
    with_put, with_typed = score_encodings(tiny, [put, typed], "original")
    assert with_put.positions == (1, 2, 3, 4, 5, 6)
    assert with_typed.positions == (1, 3, 4, 5, 6)
    np.testing.assert_allclose(
        np.delete(with_put.log_probabilities, 1), with_typed.log_probabilities, atol=1e-5
    )


def test_a_text_with_nothing_to_score_has_no_score_and_stands_last(tiny: Bert) -> None:
    texts = ["the cat", "", "the dog ran to the river", "[MASK]", "the cat"]
    scores = list(score_sentences(tiny, texts))
    assert [score.total is None for score in scores] == [False, True, False, True, False]
    assert (scores[1].per_token, scores[1].per_word, scores[1].words) == (None, None, 0)
    order = rank(scores)
    assert order[3:] == (1, 3)
    assert order.index(0) + 1 == order.index(4)  # equal ones in the order they came in
    totals = [scores[place].total for place in order[:3]]
    assert totals == sorted(totals, key=lambda total: -(total or 0))


def test_ranking_by_token_is_not_ranking_by_total(tiny: Bert) -> None:
    texts = ["the", "the cat sat on the mat and the dog ran", "cat walk", "a river of money"]
    scores = list(score_sentences(tiny, texts))
    for measure in ("total", "per_token", "per_word"):
        values = [scores[place].by(measure) for place in rank(scores, measure)]
        assert values == sorted(values, reverse=True)
    assert rank(scores, "total") != rank(scores, "per_token")


def test_short_sentences_share_batches_and_come_in_order(tiny: Bert) -> None:
    run = RecordingRunner(tiny)
    texts = [f"the {word} ran" for word in ["cat", "dog", "bank", "river", "money", "mat"] * 10]
    scores = score_sentences(tiny, texts, run=run)
    first = next(scores)
    assert run.sizes == [63]  # 21 sentences of three tokens
    found = [first, *scores]
    assert run.sizes == [63, 63, 54]
    assert [score.encoding.text for score in found] == texts
    alone = [next(score_sentences(tiny, [text])).total for text in texts[:6]]
    assert [score.total for score in found[:6]] == pytest.approx(alone, abs=1e-5)


def test_a_text_longer_than_the_model_reads_is_cut_and_says_so(tiny: Bert) -> None:
    (score,) = score_sentences(tiny_bert(max_position_embeddings=24), ["the cat " * 20])
    assert len(score.positions) == 22
    assert score.encoding.cut_at[0] is not None


SHARED = tiny_bert()


@settings(max_examples=30)
@given(st.lists(any_text | st.tuples(any_text, any_text), max_size=3), st.sampled_from(METHODS))
def test_any_text_has_a_score(
    sentences: list[str | tuple[str, str | None]], method: Method
) -> None:
    scores: list[SentenceScore] = list(score_sentences(SHARED, sentences, method))
    assert len(scores) == len(sentences)
    for score in scores:
        assert np.isfinite(score.log_probabilities).all()
        assert (score.log_probabilities <= 0).all()
        assert len(score.positions) == len(score.log_probabilities) <= len(score.encoding) - 2
        assert score.words <= len(score.positions)


def test_an_unknown_method_is_refused_at_once(tiny: Bert) -> None:
    with pytest.raises(InputError, match="within_word_l2r or original, not “mean”"):
        score_sentences(tiny, ["the"], "mean")
    with pytest.raises(InputError, match="not “mean”"):
        compare_pairs(tiny, [], measure="mean")


def test_a_checkpoint_without_the_head_says_so(tmp_path: Path) -> None:
    bare = BertModel._from_config(tiny_model().config, attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path, bare)), "cpu")
    with pytest.raises(MissingHeadError, match="no masked-word head"):
        score_sentences(bert, ["the"])
