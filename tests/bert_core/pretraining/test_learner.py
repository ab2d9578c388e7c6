"""The step: losses held to transformers' own, the schedule, the optimizer, learning by heart."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BertForPreTraining

from bert_core.errors import InputError, PretrainingError
from bert_core.pretraining.corpus import Corpus, SplitCorpus
from bert_core.pretraining.examples import NO_LABEL, Batch
from bert_core.pretraining.feed import Feed
from bert_core.pretraining.held_out import check_held_out, held_out_batches
from bert_core.pretraining.learner import Learner, make_optimizer
from bert_core.pretraining.pairs import NO_PAIRS
from bert_core.pretraining.recipe import (
    BFLOAT16,
    CONFIGS,
    ORIGINAL,
    PretrainingRecipe,
    Shape,
    differences,
    recipe_from_json,
    recipe_to_json,
)
from bert_core.pretraining.start import build_model
from bert_core.pretraining.workers import Workers
from tests.kit.pretraining_texts import small_corpus
from tests.kit.tiny import tiny_model, tiny_wordpiece

TINY = tiny_wordpiece()
RECIPE = PretrainingRecipe(length=32, batch=8, rate=1e-3)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> SplitCorpus:
    return small_corpus(tmp_path_factory.mktemp("corpus"), 120)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Small tensors wait for a second thread longer than they take."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def a_batch(split: SplitCorpus, recipe: PretrainingRecipe = RECIPE, step: int = 0) -> Batch:
    return Feed(split.training, TINY, recipe).whole_batch(step, {})[0]


def a_model(seed: int = 0) -> BertForPreTraining:
    """The tiny one, without dropout."""
    model = tiny_model(seed, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    model.set_attn_implementation("sdpa")
    return model


def own_losses(model: BertForPreTraining, batch: Batch) -> tuple[float, float, float]:
    """transformers' own: the loss it gives, and its two parts."""
    labels = np.full(batch.ids.shape, NO_LABEL)
    rows, places = np.nonzero(batch.labels != NO_LABEL)
    labels[rows, batch.positions[rows, places]] = batch.labels[rows, places]
    with torch.no_grad():
        out = model(
            input_ids=torch.from_numpy(batch.ids),
            attention_mask=torch.from_numpy(batch.attention),
            token_type_ids=torch.from_numpy(batch.segments),
            labels=torch.from_numpy(labels),
            next_sentence_label=torch.from_numpy(batch.pair_labels),
        )
    words = torch.nn.functional.cross_entropy(
        out.prediction_logits.flatten(0, 1), torch.from_numpy(labels).flatten()
    )
    return float(out.loss), float(words), float(out.loss - words)


# Losses


def test_losses_are_those_of_transformers_with_both_labels(split: SplitCorpus) -> None:
    for seed in range(3):
        model, batch = a_model(seed).eval(), a_batch(split, replace(RECIPE, seed=seed))
        expected, words, pairs = own_losses(model, batch)
        learner = Learner(model, RECIPE, Workers())
        losses = learner.learn([batch], 0, 100)
        assert losses.words == pytest.approx(words, abs=1e-5)
        assert losses.pairs == pytest.approx(pairs, abs=1e-5)
        assert losses.words + losses.pairs == pytest.approx(expected, abs=1e-5)


def test_a_step_follows_the_gradient_of_transformers_loss(split: SplitCorpus) -> None:
    model, other, batch = a_model(), a_model(), a_batch(split)
    uncut = replace(RECIPE, clip=1e9)
    Learner(model, uncut, Workers()).learn([batch], 0, 100)
    labels = np.full(batch.ids.shape, NO_LABEL)
    rows, places = np.nonzero(batch.labels != NO_LABEL)
    labels[rows, batch.positions[rows, places]] = batch.labels[rows, places]
    other(
        input_ids=torch.from_numpy(batch.ids),
        attention_mask=torch.from_numpy(batch.attention),
        token_type_ids=torch.from_numpy(batch.segments),
        labels=torch.from_numpy(labels),
        next_sentence_label=torch.from_numpy(batch.pair_labels),
    ).loss.backward()
    for (name, mine), theirs in zip(model.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, atol=1e-5, rtol=1e-3, msg=name)


def tensors(batch: Batch) -> list[torch.Tensor]:
    names = ("ids", "segments", "attention", "positions", "labels", "pair_labels")
    return [torch.from_numpy(getattr(batch, name)) for name in names]


def test_parts_of_a_batch_are_learnt_as_the_whole(split: SplitCorpus) -> None:
    """Parts differ in how many tokens they chose: a mean of their means would be another loss."""
    whole = a_batch(split, replace(RECIPE, batch=16))
    parts = [whole.take(slice(start, start + 4)) for start in range(0, 16, 4)]
    assert len({part.chosen for part in parts}) > 1
    found = []
    for given in ([whole], parts):
        learner = Learner(a_model(), RECIPE, Workers())
        losses = [learner.learn(given, step, 100) for step in range(3)]
        found.append((losses, [weight.detach() for weight in learner.model.parameters()]))
    for one, other in zip(*(losses for losses, _ in found), strict=True):
        assert one.words == pytest.approx(other.words, abs=1e-4)
        assert one.pairs == pytest.approx(other.pairs, abs=1e-4)
    for one, other in zip(*(weights for _, weights in found), strict=True):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=1e-3)


def test_without_pairs_their_parts_stay_as_they_were(split: SplitCorpus) -> None:
    recipe = replace(RECIPE, objective=NO_PAIRS)
    model = a_model()
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    losses = Learner(model, recipe, Workers()).learn([a_batch(split, recipe)], 0, 2)
    assert losses.pairs is None
    for name, weight in model.named_parameters():
        same = torch.equal(weight, before[name])
        assert same == name.startswith(("bert.pooler.", "cls.seq_relationship.")), name


def test_one_batch_can_be_learnt_by_heart(split: SplitCorpus) -> None:
    torch.manual_seed(0)
    model = build_model(Shape(2, 64, 2), TINY)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    learner = Learner(model, replace(RECIPE, rate=4e-3), Workers())
    batch = a_batch(split)
    for step in range(100):
        losses = learner.learn([batch], step, 100)
    assert losses.words < 0.05
    assert losses.pairs < 0.05


def test_half_precision_differs_by_its_rounding_only(split: SplitCorpus) -> None:
    batch = a_batch(split)
    exact, half = (
        Learner(a_model(), replace(RECIPE, precision=precision), Workers()).learn([batch], 0, 10)
        for precision in ("float32", BFLOAT16)
    )
    assert half.words == pytest.approx(exact.words, rel=0.02)
    assert half.words != exact.words


def test_a_loss_that_is_no_number_stops_before_a_weight_changes(split: SplitCorpus) -> None:
    learner = Learner(a_model(), RECIPE, Workers())
    with torch.no_grad():
        learner.model.cls.predictions.bias[0] = math.nan
    before = [weight.detach().clone() for weight in learner.model.parameters()]
    with pytest.raises(PretrainingError, match="At step 5 the loss is no longer a number"):
        learner.learn([a_batch(split)], 4, 10)
    for weight, old in zip(learner.model.parameters(), before, strict=True):
        assert torch.equal(weight.nan_to_num(), old.nan_to_num())


def test_dropout_depends_on_the_step_and_the_seed_alone(split: SplitCorpus) -> None:
    recipe, batch = replace(RECIPE, dropout=0.3), a_batch(split)

    def loss(step: int, seed: int = 0) -> float:
        model = tiny_model(0, hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.3)
        learner = Learner(model, replace(recipe, seed=seed), Workers())
        return learner.learn([batch], step, 100).words

    assert loss(3) == loss(3)
    assert len({loss(3), loss(4), loss(3, 1)}) == 3


# The optimizer and its schedule


def test_steps_are_those_of_adam_with_decoupled_weight_decay(split: SplitCorpus) -> None:
    """As Loshchilov and Hutter 2019 write it, algorithm 2, with BERT's beta1 of 0.9 and 1e-6."""
    recipe = replace(RECIPE, warm_up=0.0, beta2=0.95)
    learner = Learner(a_model(), recipe, Workers())
    names = dict(learner.model.named_parameters())
    weights = {name: weight.detach().double() for name, weight in names.items()}
    first = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    second = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for step in range(1, 5):
        learner.learn([a_batch(split, recipe, step)], step - 1, 1000)
        rate = 1e-3 * (1001 - step) / 1000
        for name, weight in names.items():
            assert weight.grad is not None
            gradient = weight.grad.double()
            first[name] = 0.9 * first[name] + 0.1 * gradient
            second[name] = 0.95 * second[name] + 0.05 * gradient**2
            way = first[name] / (1 - 0.9**step)
            way /= (second[name] / (1 - 0.95**step)).sqrt() + 1e-6
            if not (name.endswith("bias") or "LayerNorm" in name):
                way += 0.01 * weights[name]
            weights[name] = weights[name] - rate * way
    for name, weight in names.items():
        torch.testing.assert_close(
            weight.double(), weights[name], atol=2e-6, rtol=0, msg=name, check_dtype=False
        )


def test_biases_and_layer_norms_do_not_decay_and_heads_have_their_own_rate() -> None:
    model = a_model()
    optimizer = make_optimizer(model, replace(RECIPE, head_rate=2e-3))
    names = {weight: name for name, weight in model.named_parameters()}
    seen = []
    for group in optimizer.param_groups:
        for weight in group["params"]:
            name = names[weight]
            seen.append(name)
            free = name.endswith("bias") or "LayerNorm" in name
            assert group["weight_decay"] == (0.0 if free else 0.01), name
            assert group["highest"] == (2e-3 if name.startswith("cls.") else 1e-3), name
    assert sorted(seen) == sorted(names.values())


def test_the_rate_rises_to_its_highest_and_falls_to_nothing() -> None:
    recipe = PretrainingRecipe(warm_up=0.1)
    rates = [recipe.rate_at(step, 100) for step in range(101)]
    assert rates[:10] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert rates[99] == pytest.approx(1 / 90)
    assert rates[100] == 0.0
    assert [PretrainingRecipe(warm_up=0).rate_at(step, 2) for step in range(2)] == [1.0, 0.5]


def test_the_rate_that_is_set_is_the_schedules(split: SplitCorpus) -> None:
    learner = Learner(a_model(), replace(RECIPE, warm_up=0.5, head_rate=4e-3), Workers())
    learner.learn([a_batch(split)], 0, 8)
    assert {group["lr"] for group in learner.optimizer.param_groups} == {1e-3 / 4, 4e-3 / 4}


def test_the_gradient_is_cut_to_its_length(split: SplitCorpus) -> None:
    learner = Learner(a_model(), replace(RECIPE, clip=0.1), Workers())
    losses = learner.learn([a_batch(split)], 0, 8)
    length = math.sqrt(sum(float(w.grad.square().sum()) for w in learner.model.parameters()))
    assert losses.gradient > 0.1
    assert length == pytest.approx(0.1, rel=1e-3)


# The recipe


def test_the_original_recipe_is_the_papers() -> None:
    assert ORIGINAL.shape == CONFIGS["base"]
    assert (ORIGINAL.batch, ORIGINAL.rate, ORIGINAL.warm_up) == (256, 1e-4, 10_000 / 1_000_000)
    assert (ORIGINAL.mask_rate, ORIGINAL.dropout, ORIGINAL.beta2) == (0.15, 0.1, 0.999)


def test_a_recipe_survives_json_and_says_what_differs() -> None:
    assert recipe_from_json(recipe_to_json(ORIGINAL)) == ORIGINAL
    assert differences(RECIPE, RECIPE) == []
    assert differences(replace(RECIPE, seed=3), RECIPE) == ["seed: 3, not 0"]


def test_long_batches_come_every_so_often_and_hold_as_many_tokens() -> None:
    recipe = PretrainingRecipe(batch=32, long_every=4)
    assert [step for step in range(12) if recipe.is_long(step)] == [3, 7, 11]
    assert (recipe.rows(128), recipe.rows(512)) == (32, 8)
    assert replace(recipe, batch=2).rows(512) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"objective": "both"},
        {"mask_rate": 0.9},
        {"length": 4},
        {"length": 600},
        {"batch": 0},
        {"rate": 0.0},
        {"rate": float("nan")},
        {"warm_up": 1.0},
        {"dropout": -0.1},
        {"precision": "int8"},
        {"seed": -1},
    ],
)
def test_a_recipe_that_cannot_be_is_said_in_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        PretrainingRecipe(**wrong)
    assert str(caught.value).endswith(".")


# Measuring on what was held out


def test_held_out_figures_are_those_of_a_direct_count(split: SplitCorpus) -> None:
    batches = held_out_batches(split.training, TINY, RECIPE, 20)
    model = a_model().train()
    found = check_held_out(model, batches, True)
    assert found is not None
    assert model.training
    model.eval()
    first = five = masks = right = 0
    words_losses, pairs_losses = [], []
    for batch in batches:
        with torch.no_grad():
            out = model(*tensors(batch)[:1], *[tensors(batch)[2], tensors(batch)[1]])
        said = out.seq_relationship_logits.log_softmax(1)
        pairs_losses += [
            -float(row[label]) for row, label in zip(said, batch.pair_labels, strict=True)
        ]
        right += int((out.seq_relationship_logits.argmax(1).numpy() == batch.pair_labels).sum())
        for row, place in zip(*np.nonzero(batch.labels != NO_LABEL), strict=True):
            position, label = batch.positions[row, place], batch.labels[row, place]
            assert batch.ids[row, position] == TINY.special_ids["mask"]
            ranked = out.prediction_logits[row, position].argsort(descending=True).tolist()
            logs = out.prediction_logits[row, position].log_softmax(0)
            words_losses.append(-float(logs[label]))
            masks += 1
            first += ranked[0] == label
            five += label in ranked[:5]
    assert (found.examples, found.masks, found.pairs) == (20, masks, 20)
    assert found.first_right == pytest.approx(first / masks)
    assert found.five_right == pytest.approx(five / masks)
    assert found.pairs_right == pytest.approx(right / 20)
    assert found.words_loss == pytest.approx(np.mean(words_losses), rel=1e-5)
    assert found.pairs_loss == pytest.approx(np.mean(pairs_losses), rel=1e-5)


def test_nothing_is_measured_where_nothing_was_held_out() -> None:
    ends = np.zeros(1, dtype=np.int64)
    empty = Corpus(np.zeros(0, dtype=np.uint16), ends, ends)
    assert held_out_batches(empty, TINY, RECIPE, 20) == []
    assert check_held_out(a_model(), [], True) is None
