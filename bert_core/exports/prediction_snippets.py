"""Python code that makes the predictions on screen again, twice: with this library, then without.

As in `snippets`, texts, names and numbers go into the code by `repr`, so that no text can end its
own quotes.
"""

from bert_core.exports.snippets import inputs_code, plain_code, source_code
from bert_core.model.tokenization import Encoding

WITH_US = "# With BERT Lens"
ALONE = "# With transformers and torch alone"


def next_sentence_snippet(model: str, encoding: Encoding) -> str:
    """Code that leaves the answer in `score` (this library) and `shares` (transformers alone).

    model: what `load_bert` was given. encoding: of two sentences. `shares` is (2,), IsNext first.
    """
    return f"""\
{WITH_US}

from bert_core import encode, load_bert, run_bert, score_next_sentence

{_read(model, encoding)}
score = score_next_sentence(bert, run)
print(score)


{ALONE}

import torch
from transformers import AutoTokenizer, BertForPreTraining
{_load(model, "BertForPreTraining")}
{inputs_code(encoding)}
with torch.inference_mode():
    logits = model(**inputs).seq_relationship_logits[0]
shares = torch.softmax(logits.double(), dim=-1)  # IsNext, NotNext
print(shares, logits)
"""


def masked_words_snippet(model: str, encoding: Encoding, k: int) -> str:
    """Code that leaves the `k` first guesses at each mask of `encoding` in `guesses` and `shares`.

    model: what `load_bert` was given. `guesses` are what `predict_masked` returns (this library);
    `shares` and `pieces` are (mask, k), the most probable first (transformers alone).
    """
    return f"""\
{WITH_US}

from bert_core import encode, load_bert, predict_masked, run_bert

{_read(model, encoding)}
guesses = predict_masked(bert, run, k={int(k)})
for guess in guesses:
    print(guess.position, *zip(guess.pieces, guess.probabilities))


{ALONE}

import torch
from transformers import AutoTokenizer, BertForMaskedLM
{_load(model, "BertForMaskedLM")}
{inputs_code(encoding)}
positions = {plain_code(encoding.masked)}
with torch.inference_mode():
    logits = model(**inputs).logits[0, positions]  # (mask, vocabulary)
shares, ids = torch.softmax(logits.double(), dim=-1).topk(min({int(k)}, logits.shape[-1]))
pieces = [tokenizer.convert_ids_to_tokens(row) for row in ids.tolist()]
for position, *guess in zip(positions, pieces, shares.tolist()):
    print(position, *zip(*guess))
"""


def _read(model: str, encoding: Encoding) -> str:
    """Code that makes `bert`, `encoding` and `run` with this library."""
    masked = f", masked={plain_code(encoding.masked)}" if encoding.masked else ""
    return f"""\
bert = load_bert({model!r})
encoding = encode(bert, {encoding.text!r}, {encoding.pair!r}{masked})
run = run_bert(bert, encoding, keep=())"""


def _load(model: str, kind: str) -> str:
    """Code that makes `tokenizer` and `model`, of the class `kind`, with transformers alone."""
    imports, source = source_code(model)
    return f"""\
{imports}
source = {source}
tokenizer = AutoTokenizer.from_pretrained(source)
model = {kind}.from_pretrained(source, dtype=torch.float32).eval()"""
