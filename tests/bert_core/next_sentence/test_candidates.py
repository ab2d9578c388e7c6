"""Many second sentences at once: as one by one, in order, and ranked."""

from pathlib import Path

import pytest
from transformers import BertForMaskedLM

from bert_core.errors import InputError, MissingHeadError
from bert_core.model.bert import Bert, load_bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.next_sentence.candidates import CHUNK, rank_candidates, score_candidates, score_pairs
from bert_core.next_sentence.score import score_next_sentence
from bert_core.serving.engine import Engine
from bert_core.serving.job import Job
from bert_core.serving.runner import engine_runner
from tests.kit.recorder import RecordingRunner
from tests.kit.tiny import save_tiny, tiny_config

TEXT = "the cat sat on the mat"
CANDIDATES = ["it ran", "the dog", "money " * 20, "hello 中 world!", "[MASK]", "it ran"]


def test_each_score_is_that_of_the_pair_alone(tiny: Bert) -> None:
    scores = list(score_candidates(tiny, TEXT, CANDIDATES))
    assert [(score.index, score.text, score.candidate) for score in scores] == [
        (at, TEXT, candidate) for at, candidate in enumerate(CANDIDATES)
    ]
    for score in scores:
        one = score_next_sentence(tiny, run_bert(tiny, encode(tiny, TEXT, score.candidate), ()))
        assert score.is_next == pytest.approx(one.is_next, abs=1e-5)
        assert score.is_next_logit == pytest.approx(one.is_next_logit, abs=1e-4)
        assert score.not_next_logit == pytest.approx(one.not_next_logit, abs=1e-4)
        difference = one.is_next_logit - one.not_next_logit
        assert score.difference == pytest.approx(difference, abs=1e-4)


def test_pairs_have_an_a_of_their_own(tiny: Bert) -> None:
    pairs = [("the cat", "a dog"), ("a dog", "the cat")]
    scores = list(score_pairs(tiny, pairs))
    assert [(score.text, score.candidate) for score in scores] == pairs
    assert scores[0].difference != pytest.approx(scores[1].difference)


def test_many_are_asked_for_a_chunk_at_a_time_and_come_one_by_one(tiny: Bert) -> None:
    run = RecordingRunner(tiny)
    coming = score_candidates(tiny, TEXT, ["a dog"] * (2 * CHUNK + 3), run)
    assert next(coming).index == 0
    assert run.sizes == [CHUNK]
    assert [score.index for score in coming] == list(range(1, 2 * CHUNK + 3))
    assert run.sizes == [CHUNK, CHUNK, 3]


def test_a_job_behind_an_engine_finds_the_same(tiny: Bert) -> None:
    alone = list(score_candidates(tiny, TEXT, CANDIDATES))
    with Engine(tiny) as engine:
        job = Job(
            len(CANDIDATES),
            lambda wanted: score_candidates(tiny, TEXT, CANDIDATES, engine_runner(engine, wanted)),
        )
        assert job.wait(30)
    assert job.error is None
    assert [score.difference for score in job.results] == pytest.approx(
        [score.difference for score in alone], abs=1e-4
    )


def test_the_ranking_goes_by_logits_and_keeps_the_lists_order_among_equals(tiny: Bert) -> None:
    scores = list(score_candidates(tiny, TEXT, CANDIDATES))
    ranked = rank_candidates(scores)
    differences = [score.difference for score in ranked]
    assert differences == sorted(differences, reverse=True)
    assert {score.index for score in ranked} == set(range(len(CANDIDATES)))
    same = rank_candidates([scores[1], scores[1], scores[0]])
    assert same == tuple(sorted(same, key=lambda score: -score.difference))
    assert rank_candidates([]) == ()


def test_what_does_not_fit_is_said(tiny: Bert) -> None:
    short, long = score_candidates(tiny, TEXT, ["a dog", "a " * 600])
    assert (short.cut, long.cut) == (False, True)


@pytest.mark.parametrize("empty", ["", " \t\n"])
def test_an_empty_sentence_is_refused_before_anything_runs(tiny: Bert, empty: str) -> None:
    with pytest.raises(InputError, match="Pair 2 lacks a sentence"):
        next(score_candidates(tiny, TEXT, ["a dog", empty]))
    with pytest.raises(InputError, match="Pair 1 lacks a sentence"):
        next(score_pairs(tiny, [(empty, "a dog")]))
    assert list(score_pairs(tiny, [])) == []


@pytest.mark.parametrize(
    "hostile", ["\ud800", "\0", "\u200b", "[CLS] [SEP]", "</script>", "👨‍👩‍👧", "x" * 30_000]
)
def test_hostile_sentences_are_scored(tiny: Bert, hostile: str) -> None:
    for score in score_pairs(tiny, [(hostile, "a dog"), ("a dog", hostile)]):
        assert 0 < score.is_next < 1


def test_a_checkpoint_without_the_head_says_so(tmp_path: Path) -> None:
    bare = BertForMaskedLM._from_config(tiny_config(), attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path, bare)), "cpu")
    with pytest.raises(MissingHeadError, match="no next-sentence head"):
        next(score_candidates(bert, TEXT, CANDIDATES))
