"""What a run leaves: a model that `transformers` and this app load, and its card."""

import json
import platform
import shutil
from pathlib import Path
from typing import Any

import torch
import transformers

from bert_core.figures.labels import percent
from bert_core.pretraining.corpus import HELD_OUT, CorpusFacts
from bert_core.pretraining.folder import CORPUS, put_files, read_log
from bert_core.pretraining.masks import SHARES
from bert_core.pretraining.pairs import NEXT_SENTENCE, SENTENCE_ORDER
from bert_core.pretraining.recipe import PretrainingRecipe
from bert_core.pretraining.setup import PreparedRun
from bert_core.pretraining.start import RANDOM, TOKENIZER_FILES, save_model

CARD = "README.md"
RESULT = frozenset([CARD, HELD_OUT, "config.json", *TOKENIZER_FILES])

# Of the steps, over which the card's last training losses are means.
LAST_SHARE = 0.02

CARD_TEXT = """\
---
library_name: transformers
pipeline_tag: fill-mask
---
# {name}

A BERT, pretrained with BERT Lens (`python -m bert_core pretrain`). This card was written by the run
itself; every figure in it is of this run. Say here under which licence the text was, and so what
the model may be used for.

| | |
|---|---|
{table}

## How good it is
{figures}

## Limits
It knows what its text says, in the way that its text says it. Nobody has looked at its answers yet:
open it in BERT Lens and do.

## The whole recipe
```json
{recipe}
```
"""

PAIRS = {
    NEXT_SENTENCE: "A/B pairs, half of the B's from another document (label 1)",
    SENTENCE_ORDER: "two parts of a document, half of them exchanged (label 1; ALBERT's task)",
}


def save_result(run: PreparedRun, *, half: bool = False) -> None:
    """Write the model as it stands, its card, and which documents were held out.

    half: the weights in float16. The tokenizer is in the folder since the run began.

    Raises:
        PretrainingError: the disk is full; the checkpoints are as they were.
    """

    def write(folder: Path) -> None:
        save_model(run.learner.model, folder, has_pairs=run.recipe.has_pairs, half=half)
        shutil.copyfile(run.folder / CORPUS / HELD_OUT, folder / HELD_OUT)
        (folder / CARD).write_text(write_card(run, half=half), encoding="utf-8")

    put_files(run.folder, write)


def copy_result(folder: Path, target: Path) -> None:
    """What `save_result` wrote, without the run that it came from, into another folder."""
    for path in folder.iterdir():
        if path.name in RESULT or path.suffix == ".safetensors":
            shutil.copyfile(path, target / path.name)


def write_card(run: PreparedRun, *, half: bool = False) -> str:
    """The model card, from what happened: the run's settings, its log, and this machine."""
    facts = CorpusFacts(**run.about["corpus"])
    rows = [
        ("architecture", _architecture(run, half)),
        ("where it came from", _origin(run)),
        ("text", _text(facts)),
        ("held out", f"{facts.held_out_documents:,} documents: {facts.held_out_rule}"),
        ("objectives", _objectives(run.recipe)),
        ("training", _training(run, facts)),
        ("machine", _machine(run)),
    ]
    return CARD_TEXT.format(
        name=run.folder.resolve().name,
        table="\n".join(f"| {name} | {said} |" for name, said in rows),
        figures=_figures(read_log(run.folder)),
        recipe=json.dumps(run.about["recipe"], indent=1),
    )


def _architecture(run: PreparedRun, half: bool) -> str:
    model = run.learner.model
    config = model.config
    count = sum(weight.numel() for weight in model.parameters())
    return (
        f"`BertForPreTraining`: {config.num_hidden_layers} layers, {config.num_attention_heads} "
        f"heads, {config.hidden_size} wide, {config.intermediate_size:,} feed-forward, "
        f"{config.max_position_embeddings} positions, {config.vocab_size:,} pieces; "
        f"{count / 1e6:.1f} million parameters; {'float16' if half else 'float32'} on disk"
    )


def _origin(run: PreparedRun) -> str:
    source, size = run.about["source"], run.about["vocabulary"]
    if source != RANDOM:
        new = run.about.get("new") or []
        began = f"; began at random: {', '.join(new)}" if new else ""
        return f"all weights and the vocabulary of `{source}`{began}; everything was trained"
    vocabulary = (
        f"trained on the same text ({size:,} asked for)" if size else "the embedded model's"
    )
    return f"nothing: random weights (seed {run.recipe.seed}); the vocabulary: {vocabulary}"


def _text(facts: CorpusFacts) -> str:
    unknown = facts.unknown / max(facts.pieces, 1)
    return (
        f"{facts.words:,} words in {facts.documents:,} documents of {facts.files:,} files; "
        f"{facts.pieces:,} pieces, {percent(unknown, 2)} of them [UNK]"
    )


def _objectives(recipe: PretrainingRecipe) -> str:
    masked, random, kept = (percent(share, 0) for share in SHARES)
    words = "whole words" if recipe.whole_words else "pieces"
    drawn = "drawn anew each epoch" if recipe.redraw else "drawn once"
    lengths = f"{recipe.length} pieces"
    if recipe.long_every:
        lengths += f", one batch in {recipe.long_every} with {recipe.long_length}"
    pairs = PAIRS.get(recipe.objective, "no pairs: the pooler and the pairs' head are left out")
    return (
        f"Devlin et al. 2018: {percent(recipe.mask_rate, 0)} of the tokens chosen ({words}), "
        f"{masked} [MASK], {random} random, {kept} kept, {drawn}; {pairs}; examples of {lengths}"
    )


def _training(run: PreparedRun, facts: CorpusFacts) -> str:
    recipe, position = run.recipe, run.position
    heads = f" ({recipe.head_rate:g} for the heads)" if recipe.head_rate else ""
    sessions = "one go" if position.sessions == 1 else f"{position.sessions} sessions"
    speed = position.tokens / max(position.seconds, 1e-9)
    return (
        f"AdamW (0.9, {recipe.beta2:g}; weight decay {recipe.weight_decay:g}), {recipe.rate:g}"
        f"{heads}, warm-up {percent(recipe.warm_up, 0)}, linear decay, "
        f"{recipe.batch} examples a batch, clipping {recipe.clip:g}, dropout {recipe.dropout:g}, "
        f"{recipe.precision}; "
        f"{position.step:,} of {run.steps:,} steps, {position.tokens:,} tokens "
        f"({position.tokens / max(facts.pieces, 1):.1f} times the text), "
        f"{position.seconds / 60:.1f} minutes in {sessions}, {speed:,.0f} tokens a second"
    )


def _machine(run: PreparedRun) -> str:
    workers, device = run.workers, run.workers.device
    name = platform.machine()
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    return (
        f"{device.type} ({name}{threads}), {workers.count} "
        f"{'process' if workers.count == 1 else 'processes'}; torch {torch.__version__}, "
        f"transformers {transformers.__version__}"
    )


def _figures(log: list[dict[str, Any]]) -> str:
    lines = []
    if log:
        last = [entry for entry in log if entry["step"] > log[-1]["step"] * (1 - LAST_SHARE)]
        words = sum(entry["words_loss"] for entry in last) / len(last)
        lines.append(f"Training loss of masked words over the last steps: {words:.3f} nats.")
    found = [entry for entry in log if entry.get("held_out")]
    if not found:
        lines.append("Nothing was held out that it could be measured on.")
        return "\n".join(lines)
    held = found[-1]["held_out"]
    lines.append(
        f"On {held['examples']:,} examples of the documents held out, every chosen piece replaced "
        f"by [MASK] (step {found[-1]['step']:,}): of {held['masks']:,} masked pieces "
        f"{percent(held['first_right'])} right at the first guess, "
        f"{percent(held['five_right'])} among the first five, loss {held['words_loss']:.3f} nats."
    )
    if held["pairs"]:
        lines.append(
            f"Of {held['pairs']:,} pairs {percent(held['pairs_right'])} right, loss "
            f"{held['pairs_loss']:.3f} nats."
        )
    return "\n".join(lines)
