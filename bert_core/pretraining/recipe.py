"""The recipe of a pretraining run: every choice that changes what is learnt, and the schedule.

Devlin et al. 2018, appendices A.1 and A.2, https://arxiv.org/abs/1810.04805. `ORIGINAL` is the
paper's own; the defaults are what the field found better since, or better for short runs.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from bert_core.errors import InputError
from bert_core.pretraining.masks import RATE, count_to_choose
from bert_core.pretraining.pairs import NEXT_SENTENCE, NO_PAIRS, OBJECTIVES

FLOAT32, BFLOAT16 = "float32", "bfloat16"
PRECISIONS = (FLOAT32, BFLOAT16)
SHORTEST, LONGEST = 8, 512

# Standard deviation of BERT's weights before the first step.
SPREAD = 0.02


@dataclass(frozen=True)
class Shape:
    """A BERT's size: how many layers, how wide, how many heads; its feed-forward is four times it.

    positions: the longest input, in tokens.
    """

    layers: int
    width: int
    heads: int
    positions: int = 512


# The miniatures of Turc et al. 2019, table 1, https://arxiv.org/abs/1908.08962, and BERT-base.
CONFIGS = {
    "tiny": Shape(2, 128, 2),
    "mini": Shape(4, 256, 4),
    "small": Shape(4, 512, 8),
    "base": Shape(12, 768, 12),
}
USUAL_CONFIG = "mini"


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InputError(otherwise)


@dataclass(frozen=True)
class PretrainingRecipe:
    """How a BERT is pretrained. Two runs with the same recipe, corpus and start are alike.

    shape: of a model from nothing; None where the run starts from one that has its own.
    objective: of the pairs, one of `OBJECTIVES`. length: of examples, in tokens. long_every: every
    so many steps the examples are `long_length` tokens long, and fewer by as much; 0 for never
    (the paper: 512 in the last tenth of the steps). mask_rate, whole_words: see
    `bert_core.pretraining.masks`. redraw: pairs and masks are drawn anew in each epoch.
    batch: examples a step, over all processes. accumulation: parts that each process cuts its
    share into, which go through the model one after another. rate: the highest learning rate.
    head_rate: that of the heads' own weights, None for `rate`. warm_up: share of the steps over
    which it rises to that, from where it falls to 0. beta2: of Adam (beta1 is 0.9). weight_decay:
    of all weights but biases and those of LayerNorm. clip: the longest that a gradient may be.
    spread: standard deviation of the first weights of a model from nothing; narrow ones learn
    sooner with more.
    """

    shape: Shape | None = None
    objective: str = NEXT_SENTENCE
    length: int = 128
    long_length: int = 512
    long_every: int = 0
    mask_rate: float = RATE
    whole_words: bool = False
    redraw: bool = True
    batch: int = 32
    accumulation: int = 1
    rate: float = 5e-4
    head_rate: float | None = None
    warm_up: float = 0.05
    beta2: float = 0.98
    weight_decay: float = 0.01
    clip: float = 1.0
    dropout: float = 0.0
    spread: float = SPREAD
    precision: str = FLOAT32
    compiled: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        count_to_choose(1, self.mask_rate)
        _check(self.objective in OBJECTIVES, f"The objective is one of {', '.join(OBJECTIVES)}.")
        _check(self.precision in PRECISIONS, f"The precision is one of {', '.join(PRECISIONS)}.")
        for tokens in (self.length, self.long_length):
            _check(
                SHORTEST <= tokens <= LONGEST,
                f"Examples have {SHORTEST} to {LONGEST} tokens, not {tokens}.",
            )
        _check(self.batch >= 1, "A batch needs at least one example.")
        _check(self.accumulation >= 1, "A batch is cut into at least one part.")
        _check(self.long_every >= 0, "Steps are counted from 0.")
        _check(self.seed >= 0, "The seed is a whole number from 0.")
        for rate in (self.rate, self.head_rate or self.rate):
            _check(0 < rate < 1, f"A learning rate is between 0 and 1, not {rate:g}.")
        _check(0 <= self.warm_up < 1, "The warm-up is a share of the steps, from 0 to below 1.")
        _check(0 < self.spread < 1, "The first weights' spread is between 0 and 1.")
        _check(0 <= self.dropout < 1, "Dropout is a share, from 0 to below 1.")
        _check(0 < self.beta2 < 1, "Adam's beta2 is between 0 and 1.")
        _check(self.weight_decay >= 0, "Weight decay is 0 or more.")
        _check(self.clip > 0, "The longest gradient is more than 0.")

    @property
    def has_pairs(self) -> bool:
        """Whether it has a second task beside the masked words."""
        return self.objective != NO_PAIRS

    def is_long(self, step: int) -> bool:
        """Whether the examples of a step, counted from 0, are `long_length` tokens long."""
        return self.long_every > 0 and step % self.long_every == self.long_every - 1

    def rows(self, length: int, processes: int = 1) -> int:
        """Examples of this length in a batch: as many tokens in all, whole parts of it.

        Raises:
            InputError: the batch cannot be shared out evenly.
        """
        parts = self.accumulation * processes
        if self.batch % parts:
            raise InputError(
                f"A batch of {self.batch} cannot be cut into {parts} equal parts "
                f"({processes} processes x {self.accumulation}): choose a multiple of {parts}."
            )
        return max(1, self.batch * self.length // length // parts) * parts

    def rate_at(self, step: int, steps: int) -> float:
        """The learning rate at a step, counted from 0, as a share of the highest.

        It rises in equal steps over the warm-up and then falls in equal steps; the step after the
        last would have 0.
        """
        warm = round(self.warm_up * steps)
        if step < warm:
            return (step + 1) / warm
        return (steps - step) / (steps - warm)


# As published, for a million steps (A.2). The paper's 512 tokens in the last tenth of the steps
# are one step in ten here, and its ten sets of masks are drawn anew each epoch.
ORIGINAL = PretrainingRecipe(
    shape=CONFIGS["base"],
    long_every=10,
    batch=256,
    rate=1e-4,
    warm_up=0.01,
    beta2=0.999,
    dropout=0.1,
)


def usual_rate(shape: Shape | None) -> float:
    """A learning rate that is safe for a shape; None for a model that was trained before.

    Wider models bear less; the paper's own is that of BERT-base.
    """
    if shape is None:
        return 2e-4
    return 5e-4 if shape.width < 512 else 3e-4 if shape.width < 768 else ORIGINAL.rate


def field_names() -> list[str]:
    """The names of all choices of a recipe."""
    return [field.name for field in fields(PretrainingRecipe)]


def recipe_changes(recipe: PretrainingRecipe) -> dict[str, Any]:
    """Its choices by their names, as `RunRequest` takes them."""
    return {name: getattr(recipe, name) for name in field_names()}


def recipe_to_json(recipe: PretrainingRecipe) -> dict[str, Any]:
    """The recipe as what JSON can hold."""
    return asdict(recipe)


def recipe_from_json(content: Mapping[str, Any]) -> PretrainingRecipe:
    """The recipe that `recipe_to_json` wrote."""
    shape = content["shape"]
    return PretrainingRecipe(**{**content, "shape": None if shape is None else Shape(**shape)})


def differences(one: PretrainingRecipe, other: PretrainingRecipe) -> list[str]:
    """What differs, each as "name: one, not other"."""
    pairs = ((name, getattr(one, name), getattr(other, name)) for name in field_names())
    return [f"{name}: {mine}, not {theirs}" for name, mine, theirs in pairs if mine != theirs]
