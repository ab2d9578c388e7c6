"""Python code that reads the map on screen again: with this library, or with transformers alone.

Texts, names and numbers go into the code by `repr`, so that no text can end its own quotes.
Either code leaves the array in `weights`: (query, key).
"""

import re
import textwrap
from collections.abc import Sequence

from bert_core.attention.maps import head_name
from bert_core.model.checkpoints import EMBEDDED
from bert_core.model.tokenization import Encoding

# Typed by a user these are text for this library and special tokens for transformers.
TYPED_SPECIAL = re.compile(r"\[(CLS|SEP|PAD|UNK)\]")

IDS_REASON = """\
# Given as ids: BERT Lens cuts long texts in its own way, takes special tokens other than [MASK]
# for text where they are typed, and gives B no segment of its own where the model has but one."""


def lens_snippet(
    model: str,
    encoding: Encoding,
    layer: int | None,
    head: int | None,
    *,
    hidden: Sequence[int] = (),
    renormalise: bool = False,
) -> str:
    """Code that gets the same (query, key) weights with this library.

    model: what `load_bert` was given. The rest is as in `read_attention`.
    """
    masked = f", masked={plain_code(encoding.masked)}" if encoding.masked else ""
    choice = f"layer={layer!r}, head={head!r}"
    if hidden:
        choice += f", hidden={plain_code(hidden)}, renormalise={renormalise!r}"
    return f"""\
from bert_core import encode, load_bert, read_attention, run_bert

bert = load_bert({model!r})
encoding = encode(bert, {encoding.text!r}, {encoding.pair!r}{masked})
run = run_bert(bert, encoding, keep=("attentions",))
# {_caption(layer, head)}
shown = read_attention(run.attentions, encoding.tokens, {choice})
weights = shown.weights
print(shown.tokens, weights, sep="\\n")
"""


def transformers_snippet(
    model: str,
    encoding: Encoding,
    layer: int | None,
    head: int | None,
    *,
    hidden: Sequence[int] = (),
    renormalise: bool = False,
) -> str:
    """Code that gets the same (query, key) weights with transformers and torch alone.

    Of the embedded model only the folder is taken from this library. The input is given as ids
    where transformers would read the text differently. Arguments as in `lens_snippet`.
    """
    imports, source = source_code(model)
    return f"""\
import numpy as np
import torch
from transformers import AutoTokenizer, BertModel
{imports}
source = {source}
tokenizer = AutoTokenizer.from_pretrained(source)
# "eager", since the faster ways return no attention weights.
model = BertModel.from_pretrained(source, attn_implementation="eager", dtype=torch.float32).eval()
{inputs_code(encoding)}
with torch.inference_mode():
    out = model(**inputs, output_attentions=True)
attentions = torch.stack(out.attentions)[:, 0].numpy()  # (layer, head, query, key)
# {_caption(layer, head)}
weights = {_choice(layer, head)}
tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0].tolist())
{_without(encoding, hidden, renormalise)}print(tokens, weights, sep="\\n")
"""


def _caption(layer: int | None, head: int | None) -> str:
    name = head_name(layer, head)
    start = name[0].upper() + name[1:]
    return start if layer is None else f"{start} on screen, where they count from 1."


def source_code(model: str) -> tuple[str, str]:
    """An import, if one is needed, and the expression for what `from_pretrained` is given."""
    if model.strip() == EMBEDDED:
        return "\nfrom bert_core.model.checkpoints import EMBEDDED_FOLDER\n", "EMBEDDED_FOLDER"
    if model.strip().startswith("~"):
        return "from pathlib import Path\n", f"Path({model.strip()!r}).expanduser()"
    return "", repr(model.strip())


def inputs_code(encoding: Encoding) -> str:
    """Code that makes `inputs`, from the text where transformers reads it as we do."""
    if not _is_read_alike(encoding):
        return (
            f"{IDS_REASON}\ninputs = {{\n"
            f'    "input_ids": torch.tensor([{_wrapped(encoding.ids)}]),\n'
            f'    "token_type_ids": torch.tensor([{_wrapped(encoding.segments)}]),\n}}'
        )
    texts = repr(encoding.text)
    if encoding.pair is not None:
        texts += f", {encoding.pair!r}"
    code = f'inputs = tokenizer({texts}, return_tensors="pt")'
    if encoding.masked:
        at = plain_code(encoding.masked)
        code += f'\ninputs["input_ids"][0, {at}] = tokenizer.mask_token_id'
    return code


def _is_read_alike(encoding: Encoding) -> bool:
    texts = [encoding.text, encoding.pair or ""]
    has_both = encoding.pair is None or 1 in encoding.segments
    return (
        has_both
        and encoding.cut_at == (None, None)
        and not any(TYPED_SPECIAL.search(text) for text in texts)
    )


def _choice(layer: int | None, head: int | None) -> str:
    if layer is None:
        return "attentions.mean(axis=(0, 1))"
    return f"attentions[{layer}].mean(axis=0)" if head is None else f"attentions[{layer}, {head}]"


def _without(encoding: Encoding, hidden: Sequence[int], renormalise: bool) -> str:
    """Code that takes hidden tokens off both axes; nothing where none is hidden."""
    if not hidden:
        return ""
    left = [at for at in range(len(encoding)) if at not in set(hidden)]
    code = f"left = {plain_code(left)}  # without the hidden tokens\n"
    code += "tokens = [tokens[at] for at in left]\nweights = weights[np.ix_(left, left)]\n"
    if renormalise:
        code += "totals = weights.sum(axis=1, keepdims=True)\n"
        code += "weights = weights / np.where(totals > 0, totals, 1)\n"
    return code


def plain_code(numbers: Sequence[int]) -> str:
    """Numbers as a list in code, whatever kind of integer they are."""
    return repr([int(number) for number in numbers])


def _wrapped(numbers: Sequence[int]) -> str:
    """`plain_code`, over several lines where one would be too long."""
    indent = " " * 8
    lines = textwrap.fill(plain_code(numbers), 100, initial_indent=indent, subsequent_indent=indent)
    return f"\n{lines}\n    "
