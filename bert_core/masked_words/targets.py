"""Only the words that were asked for: "he, she, they" behind one mask.

Comparing a handful of words at one place is how masked models are tested for agreement
(Goldberg 2019, https://arxiv.org/abs/1901.05287) and for bias (Kurita et al. 2019,
https://arxiv.org/abs/1906.07337). Among chosen words the masked-word head's softmax is the softmax
of their logits alone, so a difference of two logits is the log of the odds between two words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from bert_core.arrays import Doubles, Integers
from bert_core.errors import InputError
from bert_core.masked_words.head import masked_word_logits, piece_of, require_mlm
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun
from bert_core.model.tokenization import MAX_CHARACTERS, readable

MOST_TARGETS = 50
BREAKS = re.compile(r"[\s,;、，；]+")  # between words in a list, in Chinese ones too
LONGEST_NAME = 24
MOST_PIECES = 6


@dataclass(frozen=True)
class Targets:
    """Words that are one piece each.

    ids, pieces: in the order they were named, none twice.
    problems: a sentence for each word that cannot be asked for.
    """

    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TargetPrediction:
    """The model's choice among a few pieces, at one token.

    position: the token asked about. masked: whether the model saw a mask there.
    pieces, ids: (target,), in the order asked for.
    probabilities: (target,), shares of the whole vocabulary. together: their sum, how much of the
        model's belief the following shares speak for.
    shares: (target,), the same among the targets only, sum to 1.
    logits: (target,), as the head gives them; only their differences mean anything.
    against: which target the others are held against.
    log_odds: (target,), ln(p / p of that target) in nats; 0 for itself, above 0 for what is
        more probable.
    ranks: (target,), among the whole vocabulary, 1 being the first guess.
    vocabulary: number of pieces in it.
    """

    position: int
    masked: bool
    pieces: tuple[str, ...]
    ids: Integers
    probabilities: Doubles
    together: float
    shares: Doubles
    logits: Doubles
    against: int
    log_odds: Doubles
    ranks: Integers
    vocabulary: int

    @property
    def log_odds_in_bits(self) -> Doubles:
        """`log_odds` to base 2: 1 is twice as probable."""
        bits: Doubles = self.log_odds / log(2)
        return bits


def parse_targets(bert: Bert, text: str) -> Targets:
    """The words of `text`, which commas, semicolons, spaces or lines keep apart.

    At most `MOST_TARGETS` words are read. "##s" is the piece of that name; case and accents are
    treated as in a sentence.
    """
    words = [word for word in BREAKS.split(readable(text[:MAX_CHARACTERS])) if word]
    found: dict[int, str] = {}
    problems: dict[str, None] = {}
    for word in words[:MOST_TARGETS]:
        ids = _ids_of(bert, word)
        problem = _problem(bert, word, ids)
        if problem is None:
            found[ids[0]] = piece_of(bert, ids[0])
        else:
            problems[problem] = None
    if len(words) > MOST_TARGETS or len(text) > MAX_CHARACTERS:
        problems[f"Only the first {min(MOST_TARGETS, len(words))} words are read."] = None
    return Targets(tuple(found), tuple(found.values()), tuple(problems))


def predict_targets(
    bert: Bert, run: BertRun, position: int, ids: Sequence[int], against: int = 0
) -> TargetPrediction:
    """How probable each of `ids` is at `position`, in all and among each other.

    against: place in `ids` of the one that the log-odds hold the others against.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: no ids, one twice or one that the model lacks; no such position or `against`.
    """
    check_request(bert, run, [position])
    check_ids(bert, ids)
    if not ids or not 0 <= against < len(ids):
        raise InputError("Name at least one word, and hold the others against one of those named.")
    row = masked_word_logits(bert, run.last_hidden_state[[position]])[0].double().numpy()
    chosen = np.array(ids, dtype=np.int64)
    logits = row[chosen]
    probabilities = np.exp(logits - _log_sum(row))
    return TargetPrediction(
        position=position,
        masked=position in run.encoding.masked,
        pieces=tuple(piece_of(bert, number) for number in ids),
        ids=chosen,
        probabilities=probabilities,
        together=float(probabilities.sum()),
        shares=np.exp(logits - _log_sum(logits)),
        logits=logits,
        against=against,
        log_odds=logits - logits[against],
        ranks=(row > logits[:, None]).sum(axis=1) + 1,
        vocabulary=len(row),
    )


def check_request(bert: Bert, run: BertRun, positions: Sequence[int]) -> None:
    """Whether the masked-word head can be asked about these tokens.

    Raises:
        MissingHeadError: the checkpoint has no such head.
        InputError: a position is not in the input.
    """
    require_mlm(bert)
    if any(not 0 <= position < len(run.encoding) for position in positions):
        raise InputError("Ask about tokens that are in the sentence.")


def check_ids(bert: Bert, ids: Sequence[int]) -> None:
    """Whether these are pieces of the model, each named once.

    Raises:
        InputError: they are not.
    """
    size = int(bert.model.config.vocab_size)
    if len(set(ids)) < len(ids) or any(not 0 <= number < size for number in ids):
        raise InputError(f"Name each word once, by an id from 0 to {size - 1}.")


def _ids_of(bert: Bert, word: str) -> list[int]:
    whole = bert.wordpiece.id_of(bert.wordpiece.normalize(word)) if word.startswith("##") else None
    return bert.wordpiece.split(word).ids if whole is None else [whole]


def _problem(bert: Bert, word: str, ids: list[int]) -> str | None:
    """Why `word` cannot be asked for, None if it can."""
    name = f"“{_shortened(word)}”"
    if not ids:
        return f"{name} has nothing in it that the model reads."
    if bert.wordpiece.special_ids["mask"] in ids:
        return f"{name} holds the mask itself: name the words that may stand behind it."
    if ids == [bert.wordpiece.special_ids["unk"]]:
        return f"{name} is not in the model’s vocabulary."
    if len(ids) > 1:
        pieces = " + ".join(piece_of(bert, number) for number in ids[:MOST_PIECES])
        more = " + …" if len(ids) > MOST_PIECES else ""
        return f"{name} is {len(ids)} pieces ({pieces}{more}), and a mask stands for one."
    return None


def _shortened(word: str) -> str:
    return word if len(word) <= LONGEST_NAME else word[: LONGEST_NAME - 1] + "…"


def _log_sum(logits: Doubles) -> float:
    """ln of the sum of exp(logits)."""
    top = logits.max()
    return float(top + np.log(np.exp(logits - top).sum()))
