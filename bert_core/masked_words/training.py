"""What the model answers where pretraining would ask it: at the tokens that a draw chose."""

from dataclasses import dataclass

from bert_core.errors import InputError
from bert_core.masked_words.predict import MaskedPrediction, predict_masked
from bert_core.model.bert import Bert
from bert_core.model.inference import Asked
from bert_core.model.tokenization import Encoding
from bert_core.pretraining.masks import FATES, MaskDraw, apply
from bert_core.serving.runner import Runner, direct_runner

# Stands in for a probability that float32 rounds to 0, whose logarithm is not finite.


@dataclass(frozen=True)
class ChosenAnswer:
    """What the model says at one chosen token.

    fate: one of `FATES`. seen: the piece the model saw there. guess: its first one, with
    `guess_probability`. original: the label, with the probability the model gives it and its
    rank, 1 being the first guess. right: guess and original are the same piece. loss: in nats,
    -log of the original's probability.
    """

    position: int
    fate: str
    original: str
    seen: str
    guess: str
    guess_probability: float
    original_probability: float
    original_rank: int
    right: bool
    loss: float


@dataclass(frozen=True)
class ChosenAnswers:
    """The answers at all chosen tokens, in their order, and the loss that training would lower.

    encoding: what the model saw. loss: the masked-word loss of this sequence, the mean over the
    chosen tokens, in nats.
    """

    encoding: Encoding
    answers: tuple[ChosenAnswer, ...]
    loss: float

    @property
    def right(self) -> int:
        """How many first guesses are the original."""
        return sum(answer.right for answer in self.answers)


def answer_chosen(
    bert: Bert, encoding: Encoding, draw: MaskDraw, run: Runner | None = None
) -> ChosenAnswers:
    """What the model answers at every token that `draw` chose, in one run.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
    """
    seen = apply(bert, encoding, draw)
    (found,) = (run or direct_runner(bert))([Asked(seen)])
    guesses = predict_masked(bert, found, 1, draw.positions.tolist())
    answers = tuple(
        _answer(seen, FATES[fate], guess)
        for fate, guess in zip(draw.fates.tolist(), guesses, strict=True)
    )
    return ChosenAnswers(seen, answers, sum(one.loss for one in answers) / len(answers))


def _answer(seen: Encoding, fate: str, guess: MaskedPrediction) -> ChosenAnswer:
    original, share, rank = guess.original, guess.original_probability, guess.original_rank
    if original is None or share is None or guess.original_log is None or rank is None:
        raise InputError(
            f"Nobody knows what stands behind the [MASK] typed at token {guess.position}: "
            "choose among the other tokens."
        )
    return ChosenAnswer(
        position=guess.position,
        fate=fate,
        original=original,
        seen=seen.tokens[guess.position],
        guess=guess.pieces[0],
        guess_probability=float(guess.probabilities[0]),
        original_probability=share,
        original_rank=rank,
        right=int(guess.ids[0]) == seen.original_ids[guess.position],
        loss=-guess.original_log,
    )
