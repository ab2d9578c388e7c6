"""Each example shows, on the embedded model, what its name says it shows."""

import pytest

from bert_core.attention.maps import find_strongest_link
from bert_core.masked_words.predict import MaskedPrediction, predict_masked
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun, run_bert
from bert_core.model.tokenization import encode
from bert_core.next_sentence.score import score_next_sentence
from ui.default_tokens import word_positions
from ui.examples import EXAMPLES, Example
from ui.link import LONGEST_LINK, link_length
from ui.view import read_query

every = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.label)


def named(label: str) -> Example:
    return next(example for example in EXAMPLES if example.label == label)


def run_of(bert: Bert, example: Example) -> BertRun:
    return run_bert(bert, encode(bert, example.text, example.pair))


def guess_of(bert: Bert, example: Example) -> MaskedPrediction:
    assert example.token is not None
    masked = encode(bert, example.text, example.pair, [example.token])
    return predict_masked(bert, run_bert(bert, masked, ()), 5)[0]


def link_of(bert: Bert, example: Example) -> tuple[str, str, float]:
    """From which token to which the example's head goes, and how much it takes."""
    run = run_of(bert, example)
    assert run.attentions is not None
    assert example.token is not None
    link = find_strongest_link(
        run.attentions,
        example.token,
        word_positions(run.encoding),
        layer=example.layer,
        head=example.head,
    )
    assert link is not None
    tokens = run.encoding.tokens
    return tokens[link.query], tokens[link.key], link.weight


def test_there_are_eight_each_with_its_own_name_and_text() -> None:
    assert len(EXAMPLES) == 8
    assert len({example.label for example in EXAMPLES}) == 8
    assert len({(example.text, example.pair) for example in EXAMPLES}) == 8


@every
def test_its_token_is_a_word_and_its_head_is_there(example: Example, embedded: Bert) -> None:
    encoding = encode(embedded, example.text, example.pair)
    assert example.token in word_positions(encoding)
    assert example.layer < embedded.layers
    assert example.head < embedded.heads
    assert encoding.cut_at == (None, None)


@every
def test_its_link_is_short_and_restores_it(example: Example) -> None:
    query = example.view().to_query()
    assert link_length(query) < LONGEST_LINK / 4
    assert read_query(query) == example.view()


@every
def test_its_head_takes_the_token_to_another_word_with_much_of_its_attention(
    example: Example, embedded: Bert
) -> None:
    assert link_of(embedded, example)[2] > 0.3


@pytest.mark.parametrize(
    ("label", "query", "key"),
    [
        ("who is “it”?", "it", "animal"),
        ("bank, twice", "bank", "bank"),
        ("agreement", "are", "keys"),
        ("a fact", "ended", "war"),
    ],
)
def test_its_head_links_the_words_it_is_about(
    label: str, query: str, key: str, embedded: Bert
) -> None:
    assert link_of(embedded, named(label))[:2] == (query, key)


@pytest.mark.parametrize(
    ("label", "word"),
    [("who is “it”?", "it"), ("agreement", "are"), ("a fact", "ended"), ("follows", "door")],
)
def test_the_first_guess_is_the_word_in_the_text(label: str, word: str, embedded: Bert) -> None:
    guess = guess_of(embedded, named(label))
    assert (guess.pieces[0], guess.original, guess.original_rank) == (word, word, 1)


def test_agreement_is_with_the_keys_and_not_with_the_cabinet(embedded: Bert) -> None:
    guess = guess_of(embedded, named("agreement"))
    shares = dict(zip(guess.pieces, guess.probabilities, strict=True))
    assert shares["are"] > 10 * shares.get("is", 0)


def test_the_fact_it_misses_is_missed(embedded: Bert) -> None:
    guess = guess_of(embedded, named("a fact it misses"))
    assert guess.original == "france"
    assert guess.original_rank is not None
    assert guess.original_rank > 1


def test_chinese_is_read_character_by_character(embedded: Bert) -> None:
    encoding = encode(embedded, named("中文").text)
    assert all(len(word.positions) == len(word.surface) == 1 for word in encoding.words)
    assert "[UNK]" in encoding.tokens  # which is what the tokenization page then explains


def test_one_pair_follows_and_the_other_does_not(embedded: Bert) -> None:
    follows, not_follows = (
        score_next_sentence(embedded, run_of(embedded, named(label))).is_next
        for label in ("follows", "does not follow")
    )
    assert follows > 0.9 > 0.5 > 0.1 > not_follows
    assert named("follows").text == named("does not follow").text
