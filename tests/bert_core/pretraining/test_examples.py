"""Examples: the corpus in pieces, pairs from it, and masks, held to the paper and to slow loops."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bert_core.errors import InputError
from bert_core.pretraining.batch_masks import draw_batch_masks, mask_rule
from bert_core.pretraining.corpus import Corpus, SplitCorpus, open_corpus, prepare_corpus
from bert_core.pretraining.counter_random import binomial_half, random_bits, uniform, whole_number
from bert_core.pretraining.documents import read_documents
from bert_core.pretraining.examples import (
    NO_LABEL,
    Batch,
    Cursor,
    Examples,
    ExampleSettings,
    lay_out,
)
from bert_core.pretraining.feed import Feed, feed_ahead
from bert_core.pretraining.masks import KEPT, MASKED, RANDOM, count_to_choose, draw_masks
from bert_core.pretraining.pairs import (
    NEXT_SENTENCE,
    NO_PAIRS,
    OBJECTIVES,
    SENTENCE_ORDER,
    PairPlan,
    plan_pairs,
)
from bert_core.pretraining.recipe import PretrainingRecipe
from tests.kit.pretraining_texts import small_corpus, write_texts
from tests.kit.tiny import tiny_wordpiece

TINY = tiny_wordpiece()
SPECIAL = TINY.special_ids
EPOCHS = 60


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> SplitCorpus:
    return small_corpus(tmp_path_factory.mktemp("corpus"), 120)


@pytest.fixture(scope="module")
def corpus(split: SplitCorpus) -> Corpus:
    return split.training


def examples(corpus: Corpus, objective: str = NEXT_SENTENCE, **changes: object) -> Examples:
    rule = mask_rule(TINY, whole_words=bool(changes.pop("whole_words", False)))
    settings = {"objective": objective, "length": 64, "seed": 0} | changes
    return Examples(corpus, TINY, rule, ExampleSettings(**settings))


def batches(corpus: Corpus, rows: int = 500, **changes: object) -> Iterator[Batch]:
    made = examples(corpus, **changes)
    cursor = Cursor()
    for _ in range(10):
        batch, cursor = made.batch(cursor, rows)
        yield batch


def documents_of(corpus: Corpus, pieces: np.ndarray) -> np.ndarray:
    """The document in which each place among the pieces is."""
    begins = corpus.sentences[corpus.documents]
    return np.searchsorted(begins, pieces, side="right") - 1


def whole_plans(corpus: Corpus, objective: str, length: int = 64) -> list[PairPlan]:
    return [plan_pairs(corpus, objective, length, 0, epoch) for epoch in range(EPOCHS)]


# Random numbers without a state


def test_random_numbers_are_even_and_independent_of_their_shape() -> None:
    grid = uniform(3, np.arange(300)[:, None], np.arange(300))
    assert abs(grid.mean() - 0.5) < 0.005
    assert np.abs(np.histogram(grid, 10, (0, 1))[0] / grid.size - 0.1).max() < 0.005
    assert abs(np.corrcoef(grid[:-1].ravel(), grid[1:].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(grid[:, :-1].ravel(), grid[:, 1:].ravel())[0, 1]) < 0.01
    assert uniform(3, 7, 11)[0] == grid[7, 11]
    assert len(np.unique(random_bits(np.arange(1000)[:, None], np.arange(1000)))) == 10**6


def test_whole_numbers_and_coins_have_their_bounds_and_means() -> None:
    drawn = whole_number(7, np.arange(70_000))
    assert np.abs(np.bincount(drawn) / len(drawn) - 1 / 7).max() < 0.01
    for count in (0, 1, 64, 65, 130):
        heads = binomial_half(np.full(20_000, count), 5, np.arange(20_000))
        assert heads.min() >= 0
        assert heads.max() <= count
        assert abs(heads.mean() - count / 2) < 0.15
        assert abs(heads.var() - count / 4) < 0.1 * max(count, 1)


# The corpus


def test_the_corpus_holds_the_tokenizers_pieces_of_every_sentence(tmp_path: Path) -> None:
    split = small_corpus(tmp_path)
    facts, training, held_out = split.facts, split.training, split.held_out
    ids = [
        TINY.split(sentence).ids
        for document in read_documents(tmp_path / "texts")
        for sentence in document.sentences
    ]
    stored = [
        part.pieces[part.sentences[n] : part.sentences[n + 1]].tolist()
        for part in (training, held_out)
        for n in range(len(part.sentences) - 1)
    ]
    assert sorted(ids) == sorted(stored)
    assert len(training) + len(held_out) == facts.documents + facts.held_out_documents == 60
    assert facts.pieces == len(training.pieces)
    assert facts.files == 2


def test_a_corpus_is_cut_once_and_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = small_corpus(tmp_path).facts
    where = (tmp_path / "texts", TINY, tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr("bert_core.pretraining.corpus._write", None)
        assert prepare_corpus(*where).facts == first
        assert open_corpus(tmp_path / "cache").facts == first
    (tmp_path / "texts" / "more.txt").write_text("One more. And this.")
    assert prepare_corpus(*where).facts.documents == first.documents + 1


def test_sentences_that_are_too_long_are_cut_and_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("cat " * 300)
    corpus = prepare_corpus(tmp_path / "texts", TINY, tmp_path / "cache").training
    assert np.diff(corpus.sentences).tolist() == [128, 128, 44]


@pytest.mark.parametrize("text", ["", "\n\n \n", "\u200b\n"])
def test_a_corpus_without_words_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="hold no words"):
        prepare_corpus(tmp_path, TINY, tmp_path / "cache")


# Pairs


def test_half_of_the_bs_are_from_another_document(corpus: Corpus) -> None:
    labels = np.concatenate([plan.labels for plan in whole_plans(corpus, NEXT_SENTENCE)])
    assert set(labels.tolist()) == {0, 1}
    assert abs(labels.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(labels))


def test_random_bs_are_truly_from_another_document_and_others_follow(corpus: Corpus) -> None:
    for plan in whole_plans(corpus, NEXT_SENTENCE)[:10]:
        a, b = documents_of(corpus, plan.a_starts), documents_of(corpus, plan.b_starts)
        a_last = documents_of(corpus, plan.a_starts + plan.a_lengths - 1)
        b_last = documents_of(corpus, plan.b_starts + plan.b_lengths - 1)
        assert (a == a_last).all()
        assert (b == b_last).all()
        assert ((a != b) == (plan.labels == 1)).all()
        follows = plan.labels == 0
        gap = plan.b_starts - (plan.a_starts + plan.a_lengths)
        assert (gap[follows] >= 0).all()
        # Where nothing was cut off, B begins where A ends.
        whole = follows & (plan.a_lengths + plan.b_lengths < 61)
        assert whole.sum() > 20
        assert (gap[whole] == 0).all()


def test_sentence_order_exchanges_half_of_the_pairs(corpus: Corpus) -> None:
    plans = whole_plans(corpus, SENTENCE_ORDER)
    labels = np.concatenate([plan.labels for plan in plans])
    assert abs(labels.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(labels))
    for plan in plans[:10]:
        assert ((plan.a_starts > plan.b_starts) == (plan.labels == 1)).all()
        same = documents_of(corpus, plan.a_starts) == documents_of(corpus, plan.b_starts)
        assert same.all()


def test_without_pairs_there_is_no_b_and_every_piece_is_seen(corpus: Corpus) -> None:
    plan = plan_pairs(corpus, NO_PAIRS, 512, 0, 0)
    assert not plan.b_lengths.any()
    assert (plan.labels == -1).all()
    seen = np.zeros(len(corpus.pieces), dtype=int)
    for start, length in zip(plan.a_starts, plan.a_lengths, strict=True):
        seen[start : start + length] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("length", [8, 33, 64])
def test_examples_fill_their_length_and_never_exceed_it(
    corpus: Corpus, objective: str, length: int
) -> None:
    plan = plan_pairs(corpus, objective, length, 0, 0)
    total = plan.a_lengths + plan.b_lengths + (2 if objective == NO_PAIRS else 3)
    assert total.max() == length
    assert (plan.a_lengths > 0).all()
    if objective != NO_PAIRS:
        assert (plan.b_lengths > 0).all()
    assert len(np.unique(plan.keys)) == len(plan)


@pytest.mark.parametrize("objective", [NO_PAIRS, SENTENCE_ORDER])
def test_one_example_in_ten_is_short_on_purpose(objective: str) -> None:
    """As `short_seq_prob` has it: any length from two pieces to the whole room, each as likely."""
    sentences = 4 * np.arange(200_001)  # of four pieces each, in documents too long to matter
    corpus = Corpus(np.zeros(800_000, dtype=np.uint16), sentences, np.arange(0, 200_001, 50_000))
    room = 64
    plan = plan_pairs(corpus, objective, room + (2 if objective == NO_PAIRS else 3), 0, 0)
    lengths = plan.a_lengths + plan.b_lengths
    shares = [np.mean(lengths <= most) for most in (32, room - 4)]
    # A length is made up of whole sentences: 31 of the 63 lengths end up at 32 or below.
    assert shares == pytest.approx([0.1 * 31 / 63, 0.1 * 59 / 63], abs=0.006)
    assert lengths.max() == room


def test_too_long_pairs_are_cut_as_the_reference_does_it(corpus: Corpus) -> None:
    """One piece at a time off the longer part, B where they are alike."""

    def slow(a: int, b: int, room: int) -> tuple[int, int]:
        while a + b > room:
            a, b = (a - 1, b) if a > b else (a, b - 1)
        return a, b

    from bert_core.pretraining.pairs import _fit

    a, b = (array.ravel() for array in np.meshgrid(np.arange(1, 40), np.arange(1, 40)))
    for room in (5, 29, 30):
        expected = [slow(one, two, room) for one, two in zip(a, b, strict=True)]
        assert list(zip(*(part.tolist() for part in _fit(a, b, room)), strict=True)) == expected


def test_an_epoch_is_the_same_whenever_it_is_planned_and_another_is_not(corpus: Corpus) -> None:
    plans = [plan_pairs(corpus, NEXT_SENTENCE, 64, 0, epoch) for epoch in (3, 3, 4)]
    assert np.array_equal(plans[0].b_starts, plans[1].b_starts)
    assert not np.array_equal(plans[0].keys[:50], plans[2].keys[:50])
    assert not np.array_equal(plan_pairs(corpus, NEXT_SENTENCE, 64, 1, 3).keys, plans[0].keys)


def test_blocks_of_sentences_change_nothing(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = plan_pairs(corpus, NEXT_SENTENCE, 64, 0, 0)
    monkeypatch.setattr("bert_core.pretraining.pairs.BLOCK", 40)
    cut = plan_pairs(corpus, NEXT_SENTENCE, 64, 0, 0)
    assert np.array_equal(whole.a_starts, cut.a_starts)
    assert np.array_equal(whole.b_starts, cut.b_starts)


def test_one_document_and_lone_sentences_are_too_few(tmp_path: Path) -> None:
    for text, reason in (("A cat. The dog.", "one document"), ("A cat.\n\nThe dog.", "small")):
        folder = tmp_path / reason.split()[0]
        folder.mkdir()
        (folder / "a.txt").write_text(text)
        corpus = prepare_corpus(folder, TINY, folder / "cache").training
        with pytest.raises(InputError, match=reason):
            plan_pairs(corpus, NEXT_SENTENCE, 64, 0, 0)


# How they are laid out


def test_an_example_reads_cls_a_sep_b_sep(corpus: Corpus) -> None:
    plan = plan_pairs(corpus, NEXT_SENTENCE, 64, 0, 0)
    ids, segments, lengths = lay_out(corpus, plan, 64, SPECIAL)
    for row in range(len(plan)):
        a = corpus.pieces[plan.a_starts[row] : plan.a_starts[row] + plan.a_lengths[row]].tolist()
        b = corpus.pieces[plan.b_starts[row] : plan.b_starts[row] + plan.b_lengths[row]].tolist()
        cls, sep = SPECIAL["cls"], SPECIAL["sep"]
        written = [cls, *a, sep, *b, sep]
        padding = 64 - len(written)
        assert ids[row].tolist() == written + [SPECIAL["pad"]] * padding
        assert segments[row].tolist() == [0] * (len(a) + 2) + [1] * (len(b) + 1) + [0] * padding
        assert lengths[row] == len(written)


def test_an_example_without_pairs_reads_cls_a_sep(corpus: Corpus) -> None:
    plan = plan_pairs(corpus, NO_PAIRS, 64, 0, 0)
    ids, segments, lengths = lay_out(corpus, plan, 64, SPECIAL)
    assert not segments.any()
    assert (lengths == plan.a_lengths + 2).all()
    assert ((ids == SPECIAL["sep"]).sum(1) == 1).all()


# Masks


@pytest.mark.parametrize("whole_words", [False, True])
def test_fates_fall_eighty_ten_ten_and_nothing_special_is_chosen(
    corpus: Corpus, whole_words: bool
) -> None:
    fates: Counter[int] = Counter()
    for batch in batches(corpus, whole_words=whole_words):
        rows, places = np.nonzero(batch.labels != NO_LABEL)
        columns = batch.positions[rows, places]
        seen, labels = batch.ids[rows, columns], batch.labels[rows, places]
        fate = batch.fates[rows, places]
        fates.update(fate.tolist())
        assert not np.isin(labels, list(SPECIAL.values())).any()
        assert (batch.attention[rows, columns] == 1).all()
        assert (seen[fate == MASKED] == SPECIAL["mask"]).all()
        assert (seen[fate == KEPT] == labels[fate == KEPT]).all()
        assert not np.isin(seen[fate == RANDOM], list(SPECIAL.values())).any()
        assert len(np.unique(rows * 64 + columns)) == len(rows)
    total = sum(fates.values())
    for fate, share in ((MASKED, 0.8), (RANDOM, 0.1), (KEPT, 0.1)):
        assert abs(fates[fate] / total - share) < 4 * np.sqrt(share * (1 - share) / total)


def test_as_many_are_chosen_as_the_reference_says(corpus: Corpus) -> None:
    for batch in batches(corpus):
        lengths = batch.attention.sum(1)
        expected = [count_to_choose(int(length)) for length in lengths]
        assert (batch.labels != NO_LABEL).sum(1).tolist() == expected


def test_every_word_token_is_chosen_as_often_as_another() -> None:
    ids = np.full((40_000, 12), TINY.id_of("cat"))
    ids[:, [0, 11]] = SPECIAL["cls"], SPECIAL["sep"]
    ids[:, 5] = SPECIAL["unk"]
    keys = random_bits(np.arange(len(ids)))
    draw = draw_batch_masks(ids, np.full(len(ids), 12), mask_rule(TINY), keys, 4)
    counts = np.bincount(draw.positions[draw.positions >= 0], minlength=12)
    assert counts[[0, 5, 11]].tolist() == [0, 0, 0]
    share = counts[[1, 2, 3, 4, 6, 7, 8, 9, 10]] / counts.sum()
    assert np.abs(share - 1 / 9).max() < 0.005


def test_whole_words_are_chosen_whole_within_the_count(corpus: Corpus) -> None:
    inside = mask_rule(TINY).inside
    for batch in batches(corpus, whole_words=True):
        original = batch.ids.copy()
        rows, places = np.nonzero(batch.labels != NO_LABEL)
        original[rows, batch.positions[rows, places]] = batch.labels[rows, places]
        chosen = np.zeros(batch.ids.shape, dtype=bool)
        chosen[rows, batch.positions[rows, places]] = True
        special = np.isin(original, list(SPECIAL.values()))
        goes_on = inside[original[:, 1:]] & ~special[:, :-1]
        assert (chosen[:, 1:][goes_on] == chosen[:, :-1][goes_on]).all()
        assert goes_on.any()


def test_whole_words_follow_the_rule_of_one_sequence_in_distribution() -> None:
    """Words of one, two and three pieces, two tokens to choose: the slow draw's shares."""
    pieces = ["[CLS]", "cat", "walk", "##ing", "play", "##er", "##s", "dog", "[SEP]", "[PAD]"]
    ids = np.array([TINY.vocabulary.index(piece) for piece in pieces])
    words = np.array([-1, 0, 1, 1, 2, 2, 2, 3, -1])
    rule, rows = mask_rule(TINY, 0.22, whole_words=True), 20_000
    keys = random_bits(np.arange(rows))
    fast = draw_batch_masks(np.tile(ids, (rows, 1)), np.full(rows, 9), rule, keys, 3)
    rng = np.random.default_rng(0)
    eligible = words >= 0
    slow = Counter(
        tuple(draw_masks(rng, eligible, rule.candidates, words=words, rate=0.22).positions)
        for _ in range(5_000)
    )
    found = Counter(tuple(row[row >= 0].tolist()) for row in fast.positions)
    assert found.keys() == slow.keys()
    for chosen, times in slow.items():
        assert abs(times / 5_000 - found[chosen] / rows) < 0.03, chosen


def test_a_word_that_fits_nowhere_is_taken_if_it_is_the_shortest() -> None:
    pieces = ["[CLS]", "play", "##er", "##s", "walk", "##ing", "[SEP]"]
    ids = np.array([[TINY.vocabulary.index(piece) for piece in pieces]] * 50)
    rule = mask_rule(TINY, whole_words=True)
    draw = draw_batch_masks(ids, np.full(50, 7), rule, random_bits(np.arange(50)), 4)
    assert {tuple(row[row >= 0].tolist()) for row in draw.positions} == {(4, 5)}


def test_a_row_of_nothing_to_guess_has_no_labels() -> None:
    ids = np.array([[SPECIAL["cls"], SPECIAL["unk"], SPECIAL["sep"], SPECIAL["pad"]]])
    for whole in (False, True):
        rule = mask_rule(TINY, whole_words=whole)
        draw = draw_batch_masks(ids, np.array([3]), rule, random_bits(1), 2)
        assert draw.positions.tolist() == [[-1, -1]]


# Epochs, batches, and who gets which


def test_masks_are_drawn_anew_each_epoch_unless_they_are_fixed(corpus: Corpus) -> None:
    for redraw in (True, False):
        made = examples(corpus, redraw=redraw)
        plans = [made.plan(epoch) for epoch in (0, 1)]
        assert not np.array_equal(plans[0].keys[:50], plans[1].keys[:50])
        by_key = [
            {int(key): row.tolist() for key, row in zip(plan.keys, batch.ids, strict=True)}
            for epoch, plan in enumerate(plans)
            for batch in [made.assemble(plan, epoch)]
        ]
        assert (by_key[0] == by_key[1]) is not redraw


def test_batches_do_not_depend_on_those_before_nor_on_their_size(corpus: Corpus) -> None:
    made, again = examples(corpus), examples(corpus)
    total = len(made.plan(0))
    whole, end = made.batch(Cursor(), total + 5)
    assert end == Cursor(1, 5)
    cursor, rows = Cursor(0, 3), []
    while cursor != end:
        batch, cursor = again.batch(cursor, 1)
        rows.append(batch.ids[0])
    assert np.array_equal(np.array(rows), whole.ids[3:])


def test_processes_and_parts_share_a_batch_and_lose_nothing(corpus: Corpus) -> None:
    recipe = PretrainingRecipe(length=32, batch=12, accumulation=2, long_length=64, long_every=3)
    alone = Feed(corpus, TINY, recipe)
    feeds = [Feed(corpus, TINY, recipe, rank, 3) for rank in range(3)]
    for step in range(6):
        whole, _ = alone.whole_batch(step, {})
        parts = [feed.share(feed.whole_batch(step, {})[0]) for feed in feeds]
        assert whole.ids.shape == ((6, 64) if step % 3 == 2 else (12, 32))
        rows = [tuple(row) for share in parts for part in share for row in part.ids.tolist()]
        assert sorted(rows) == sorted(map(tuple, whole.ids.tolist()))
        assert {len(part) for share in parts for part in share} == {len(whole) // 6}


def test_the_feed_made_ahead_gives_what_is_made_one_by_one(corpus: Corpus) -> None:
    recipe = PretrainingRecipe(length=32, batch=8)
    feed, other = Feed(corpus, TINY, recipe), Feed(corpus, TINY, recipe)
    cursors: dict[int, Cursor] = {}
    for step, (parts, after) in enumerate(feed_ahead(feed, 0, {}, 40)):
        batch, cursors = other.whole_batch(step, cursors)
        assert np.array_equal(parts[0].ids, batch.ids)
        assert after == cursors
    assert step == 39


def test_what_goes_wrong_while_a_batch_is_made_is_raised(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(corpus, TINY, PretrainingRecipe(length=32, batch=8))
    monkeypatch.setattr(feed.examples[32], "batch", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        next(feed_ahead(feed, 0, {}, 4))


def test_a_batch_larger_than_an_epoch_and_one_that_cannot_be_shared_are_said(
    tmp_path: Path, corpus: Corpus
) -> None:
    write_texts(tmp_path / "texts", 4)
    few = prepare_corpus(tmp_path / "texts", TINY, tmp_path / "cache").training
    with pytest.raises(InputError, match="The corpus is too small: it gives"):
        Feed(few, TINY, PretrainingRecipe(length=128, batch=500))
    with pytest.raises(InputError, match="cannot be cut into 3 equal parts"):
        Feed(corpus, TINY, PretrainingRecipe(length=32, batch=8, accumulation=3))
