"""Weight files as people have them: read under whatever names, or refused by what they are."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from bert_core.errors import BrokenModelError, ModelError, ModelTooLargeError, UnsupportedModelError
from bert_core.model.bert import Bert, load_bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.model.weights import INDEX, WHOLE, StoredTensor, read_headers
from tests.kit.tiny import save_tiny, tiny_config, tiny_model

QUERY = "bert.encoder.layer.0.attention.self.query.weight"
Tensors = dict[str, torch.Tensor]


def rewrite(folder: Path, change: Callable[[Tensors], Tensors]) -> Path:
    """The tiny checkpoint with its tensors changed."""
    weights = save_tiny(folder) / WHOLE
    save_file(change(load_file(weights)), weights, metadata={"format": "pt"})
    return folder


def in_parts(folder: Path) -> list[Path]:
    """The tiny checkpoint with its weights in several files."""
    save_tiny(folder)
    (folder / WHOLE).unlink()
    tiny_model().save_pretrained(folder, max_shard_size="20KB")
    return sorted(folder.glob("*.safetensors"))


def old_names(tensors: Tensors) -> Tensors:
    def old(name: str) -> str:
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
        return name.replace("LayerNorm.bias", "LayerNorm.beta")

    return {old(name): tensor for name, tensor in tensors.items()}


def named(prefix: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


# What is read


@pytest.mark.parametrize(
    "change",
    [
        named("module."),
        named("_orig_mod."),
        named("module._orig_mod."),
        named("model."),
        old_names,
        lambda tensors: {**tensors, "bert.embeddings.position_ids": torch.arange(512)[None]},
        lambda tensors: {name: one.double() for name, one in tensors.items()},
    ],
    ids=["module", "_orig_mod", "both", "model", "gamma", "position_ids", "double"],
)
def test_the_same_numbers_under_other_names_give_the_same_answers(
    tmp_path: Path, tiny: Bert, change: Callable[[Tensors], Tensors]
) -> None:
    loaded = load_bert(str(rewrite(tmp_path, change)), "cpu")
    assert (loaded.has_mlm, loaded.has_nsp, loaded.unused) == (True, True, ())
    ours, theirs = (run_bert(bert, encode(bert, "the cat", "a dog")) for bert in (loaded, tiny))
    for part in ("last_hidden_state", "next_sentence_logits"):
        np.testing.assert_allclose(getattr(ours, part), getattr(theirs, part), atol=1e-5)


def test_an_encoder_alone_keeps_no_prefix_and_has_no_head(tmp_path: Path) -> None:
    def encoder(tensors: Tensors) -> Tensors:
        return {
            f"module.{name.removeprefix('bert.')}": tensor
            for name, tensor in tensors.items()
            if name.startswith("bert.")
        }

    loaded = load_bert(str(rewrite(tmp_path, encoder)), "cpu")
    assert (loaded.has_mlm, loaded.has_nsp, loaded.has_pooler) == (False, False, True)


def test_one_file_of_any_name_is_taken(tmp_path: Path) -> None:
    (save_tiny(tmp_path) / WHOLE).rename(tmp_path / "model.fp16.safetensors")
    assert load_bert(str(tmp_path), "cpu").has_mlm


def test_parts_without_an_index_are_put_together(tmp_path: Path) -> None:
    assert len(in_parts(tmp_path)) > 1
    (tmp_path / INDEX).unlink()
    assert load_bert(str(tmp_path), "cpu").has_mlm


def test_a_decoder_of_its_own_is_kept(tmp_path: Path) -> None:
    model = tiny_model(tie_word_embeddings=False)
    with torch.no_grad():
        model.cls.predictions.decoder.weight.mul_(2)
    loaded = load_bert(str(save_tiny(tmp_path, model)), "cpu")
    ours = loaded.model.cls.predictions.decoder.weight
    assert torch.equal(ours, model.cls.predictions.decoder.weight)


def test_weights_that_no_part_reads_are_said(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, tiny_model(num_hidden_layers=4))
    tiny_config(num_hidden_layers=2).save_pretrained(folder)
    left = load_bert(str(folder), "cpu").unused
    assert len(left) == 32
    assert all(name.startswith(("bert.encoder.layer.2.", "bert.encoder.layer.3.")) for name in left)


# What is refused, and why


def test_a_tensor_of_another_shape_is_named_with_both(tmp_path: Path) -> None:
    path = save_tiny(tmp_path) / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "intermediate_size": 128}))
    with pytest.raises(BrokenModelError, match=r"intermediate\S+ is 64 × 32 .* and 128 × 32 by"):
        load_bert(str(tmp_path), "cpu")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_number_that_is_none_is_named_by_its_tensor(
    tmp_path: Path, value: float, dtype: torch.dtype
) -> None:
    def spoil(tensors: Tensors) -> Tensors:
        changed = {name: one.to(dtype) for name, one in tensors.items()}
        changed[QUERY][3, 5] = value
        return changed

    with pytest.raises(BrokenModelError, match=rf"{QUERY} .* no finite numbers"):
        load_bert(str(rewrite(tmp_path, spoil)), "cpu")


def test_weights_whose_answers_have_no_end_are_refused(tmp_path: Path) -> None:
    def swell(tensors: Tensors) -> Tensors:
        return {name: one * 1e30 if "Norm" in name else one for name, one in tensors.items()}

    with pytest.raises(BrokenModelError, match="answers with values that are no finite"):
        load_bert(str(rewrite(tmp_path, swell)), "cpu")


def test_whole_numbers_are_no_weights(tmp_path: Path) -> None:
    def quantized(tensors: Tensors) -> Tensors:
        return {**tensors, QUERY: tensors[QUERY].to(torch.int8)}

    with pytest.raises(UnsupportedModelError, match="stored as I8"):
        load_bert(str(rewrite(tmp_path, quantized)), "cpu")


def test_an_adapter_under_the_usual_name_is_refused_as_one(tmp_path: Path) -> None:
    def adapter(tensors: Tensors) -> Tensors:
        return {f"base_model.model.{QUERY[:-7]}.lora_A.weight": tensors[QUERY]}

    with pytest.raises(UnsupportedModelError, match="adapter"):
        load_bert(str(rewrite(tmp_path, adapter)), "cpu")


def test_the_file_that_is_missing_is_named(tmp_path: Path) -> None:
    gone = in_parts(tmp_path)[1]
    gone.unlink()
    with pytest.raises(BrokenModelError, match=gone.name):
        load_bert(str(tmp_path), "cpu")
    (tmp_path / INDEX).unlink()
    with pytest.raises(BrokenModelError, match="lacks part 2 of the"):
        load_bert(str(tmp_path), "cpu")


@pytest.mark.parametrize(
    "index",
    [
        {"weight_map": {}},
        {"weight_map": []},
        {"weight_map": None},
        {"weight_map": {"a": 1}},
        {"weight_map": {"a": "../model.safetensors"}},
        {"weight_map": {"a": "/etc/passwd"}},
        {},
    ],
)
def test_an_index_of_nonsense_is_refused(tmp_path: Path, index: object) -> None:
    (save_tiny(tmp_path) / INDEX).write_text(json.dumps(index))
    with pytest.raises(BrokenModelError, match=r"index\.json"):
        load_bert(str(tmp_path), "cpu")


def test_two_files_that_do_not_say_which_counts_are_refused(tmp_path: Path) -> None:
    whole = save_tiny(tmp_path) / WHOLE
    (tmp_path / "b.safetensors").write_bytes(whole.read_bytes())
    whole.rename(tmp_path / "a.safetensors")
    with pytest.raises(UnsupportedModelError, match=r"a\.safetensors, b\.safetensors"):
        load_bert(str(tmp_path), "cpu")


def test_a_pointer_to_the_weights_is_called_one(tmp_path: Path) -> None:
    (save_tiny(tmp_path) / WHOLE).write_text("version https://git-lfs.github.com/spec/v1\noid x")
    with pytest.raises(BrokenModelError, match="git lfs pull"):
        load_bert(str(tmp_path), "cpu")


def test_a_header_of_many_megabytes_is_not_read(tmp_path: Path) -> None:
    weights = save_tiny(tmp_path) / WHOLE
    with weights.open("wb") as file:
        file.write((50_000_000).to_bytes(8, "little") + b"{" + b" " * 50_000_000)
    with pytest.raises(ModelTooLargeError, match="lists its tensors on 50 MB"):
        load_bert(str(tmp_path), "cpu")


def test_weights_of_something_else_are_said_to_lack_what_is_asked_for(tmp_path: Path) -> None:
    def other(_: Tensors) -> Tensors:
        return {"wte.weight": torch.zeros(3, 4)}

    with pytest.raises(ModelError, match=r"the first is bert\.embeddings.*wte\.weight"):
        load_bert(str(rewrite(tmp_path, other)), "cpu")


def test_headers_give_the_size_without_the_numbers(tmp_path: Path) -> None:
    stored = read_headers(save_tiny(tmp_path))
    assert stored[QUERY] == StoredTensor(tmp_path / WHOLE, QUERY, (32, 32), "F32")
    # The decoder is a copy of the embedding, and its bias of the head's: neither is stored.
    model = tiny_model()
    assert sum(one.size for one in stored.values()) == sum(
        weight.numel() for weight in model.parameters()
    )
