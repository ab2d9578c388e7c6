"""`load_bert`: what it loads, what it switches off, and what it refuses in one sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertForMaskedLM, BertForNextSentencePrediction, BertModel

import bert_core.model.bert
from bert_core.errors import (
    BertLensError,
    BrokenModelError,
    DeviceError,
    ModelError,
    ModelTooLargeError,
)
from bert_core.model.bert import Bert, load_bert, pick_device, wrap_bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from tests.kit.tiny import save_tiny, tiny_bert, tiny_config, tiny_model, tiny_wordpiece


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


# What loads


def test_the_embedded_model_has_both_heads(embedded: Bert) -> None:
    assert (embedded.layers, embedded.heads, embedded.hidden) == (6, 12, 384)
    assert (embedded.has_mlm, embedded.has_nsp, embedded.has_pooler) == (True, True, True)
    assert (embedded.max_tokens, embedded.segment_count) == (512, 2)
    assert embedded.bytes == 4 * embedded.parameters


def test_a_folder_loads_with_its_own_numbers(tmp_path: Path, tiny: Bert) -> None:
    loaded = load_bert(str(save_tiny(tmp_path)), "cpu")
    encoding = encode(loaded, "the cat sat", "the dog ran")
    ours, theirs = run_bert(loaded, encoding), run_bert(tiny, encoding)
    # Where the weights lie in memory decides the order of summation, hence not bit for bit.
    for part in ("last_hidden_state", "next_sentence_logits"):
        np.testing.assert_allclose(getattr(ours, part), getattr(theirs, part), atol=1e-5)
    assert loaded.name == str(tmp_path)


def test_weights_in_half_precision_run_in_single(tmp_path: Path) -> None:
    loaded = load_bert(str(save_tiny(tmp_path, tiny_model().half())), "cpu")
    assert {weight.dtype for weight in loaded.model.parameters()} == {torch.float32}
    run = run_bert(loaded, encode(loaded, "the cat"))
    assert run.attentions is not None
    np.testing.assert_allclose(run.attentions.sum(axis=-1), 1, atol=1e-6)


def test_weights_in_several_files_load(tmp_path: Path) -> None:
    tiny_model().save_pretrained(tmp_path / "many", max_shard_size="20KB")
    save_tiny(tmp_path / "one")
    for file in (tmp_path / "one").glob("token*"):
        (tmp_path / "many" / file.name).write_bytes(file.read_bytes())
    assert len(list((tmp_path / "many").glob("*.safetensors"))) > 1
    many, one = (load_bert(str(tmp_path / name), "cpu") for name in ("many", "one"))
    for ours, theirs in zip(many.model.parameters(), one.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_loaded_model_is_shared_and_read_only(tmp_path: Path) -> None:
    loaded = load_bert(str(save_tiny(tmp_path)), "cpu")
    assert not loaded.model.training
    assert not any(weight.requires_grad for weight in loaded.model.parameters())


def test_a_decoder_configuration_looks_both_ways(tmp_path: Path) -> None:
    change_config(save_tiny(tmp_path), is_decoder=True)
    loaded = load_bert(str(tmp_path), "cpu")
    attentions = run_bert(loaded, encode(loaded, "the cat sat")).attentions
    assert attentions is not None
    assert attentions.min() > 0


# Missing heads


@pytest.mark.parametrize(
    ("make", "mlm", "nsp", "pooler"),
    [
        (lambda config: BertModel(config), False, False, True),
        (lambda config: BertModel(config, add_pooling_layer=False), False, False, False),
        (BertForMaskedLM, True, False, False),
        (BertForNextSentencePrediction, False, True, True),
    ],
)
def test_a_head_that_the_checkpoint_lacks_is_switched_off(
    tmp_path: Path, make: type, mlm: bool, nsp: bool, pooler: bool
) -> None:
    loaded = load_bert(str(save_tiny(tmp_path, make(tiny_config()))), "cpu")
    assert (loaded.has_mlm, loaded.has_nsp, loaded.has_pooler) == (mlm, nsp, pooler)
    run = run_bert(loaded, encode(loaded, "the cat", "the dog"))
    assert (run.next_sentence_logits is not None, run.pooled is not None) == (nsp, pooler)


def test_a_checkpoint_that_lacks_a_layer_is_refused(tmp_path: Path) -> None:
    change_config(save_tiny(tmp_path), num_hidden_layers=3)
    with pytest.raises(BrokenModelError, match=r"encoder\.layer\.2"):
        load_bert(str(tmp_path), "cpu")


# What is refused


def test_weights_that_were_cut_off_are_refused(tmp_path: Path) -> None:
    weights = save_tiny(tmp_path) / "model.safetensors"
    whole = weights.read_bytes()
    for length in (0, 5, 200, len(whole) // 2, len(whole) - 1):
        weights.write_bytes(whole[:length])
        with pytest.raises(BrokenModelError, match="Fetch the model again"):
            load_bert(str(tmp_path), "cpu")


@pytest.mark.parametrize(
    ("nonsense", "said"),
    [
        ({"hidden_size": 33}, "hidden_size 33 cannot be shared among 4 heads"),
        ({"num_attention_heads": 0}, "num_attention_heads must be .* from 1 on, not “0”"),
        ({"num_hidden_layers": "two"}, "num_hidden_layers must be .* not “two”"),
        ({"num_hidden_layers": 0}, "num_hidden_layers"),
        ({"num_hidden_layers": -1}, "num_hidden_layers"),
        ({"num_hidden_layers": True}, "num_hidden_layers"),
        ({"num_hidden_layers": 3_000}, "says num_hidden_layers 3,000; no BERT has more than 128"),
        ({"hidden_act": "nonsense"}, "hidden_act “nonsense”"),
        ({"hidden_act": ["gelu"]}, "hidden_act"),
        ({"layer_norm_eps": "1"}, "layer_norm_eps"),
        ({"layer_norm_eps": float("nan")}, "layer_norm_eps"),
        ({"vocab_size": -1}, "vocab_size"),
        ({"vocab_size": 50_000_000}, "vocab_size 50,000,000"),
        ({"max_position_embeddings": None}, "max_position_embeddings"),
        ({"max_position_embeddings": 5}, "from 8 on, not “5”"),
        ({"type_vocab_size": 0}, "type_vocab_size"),
        ({"intermediate_size": 10**40}, "intermediate_size"),
        ({"quantization_config": {"quant_method": "bitsandbytes"}}, "quantized"),
        ({"pruned_heads": {"0": [1]}}, "pruned"),
    ],
)
def test_a_configuration_of_nonsense_is_refused_by_what_is_wrong(
    tmp_path: Path, nonsense: dict[str, object], said: str
) -> None:
    change_config(save_tiny(tmp_path), **nonsense)
    with pytest.raises(ModelError, match=said) as caught:
        load_bert(str(tmp_path), "cpu")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "odd",
    [
        {"return_dict": False},
        {"chunk_size_feed_forward": 3},
        {"_attn_implementation": "flash_attention_2"},
        {"attn_implementation": "flash_attention_2"},
        {"num_labels": 10_000_000},
        {"output_attentions": True, "output_hidden_states": True},
        {"torch_dtype": "float16"},
        {"dtype": "nonsense"},
        {"use_cache": "yes", "is_decoder": True, "add_cross_attention": True},
        {"problem_type": "nonsense"},
        {"pad_token_id": 10**9},
        {"auto_map": {"AutoModel": "owner/evil--code.Model"}},
        {"architectures": None},
    ],
)
def test_what_else_a_configuration_says_changes_no_answer(
    tmp_path: Path, tiny: Bert, odd: dict[str, object]
) -> None:
    change_config(save_tiny(tmp_path), **odd)
    loaded = load_bert(str(tmp_path), "cpu")
    ours, theirs = (run_bert(bert, encode(bert, "the cat", "a dog")) for bert in (loaded, tiny))
    np.testing.assert_allclose(ours.last_hidden_state, theirs.last_hidden_state, atol=1e-5)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "tokenizer.json"])
def test_brackets_in_brackets_are_a_sentence(tmp_path: Path, file: str) -> None:
    (save_tiny(tmp_path) / file).write_text('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(BrokenModelError, match="is not JSON"):
        load_bert(str(tmp_path), "cpu")


def test_a_file_that_is_no_weights_is_refused(tmp_path: Path) -> None:
    (save_tiny(tmp_path) / "model.safetensors").write_bytes(b"<html>not found</html>" * 40)
    with pytest.raises(BrokenModelError):
        load_bert(str(tmp_path), "cpu")


def test_a_vocabulary_larger_than_the_embedding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenModelError, match="do not belong together"):
        load_bert(str(save_tiny(tmp_path, tiny_model(vocab_size=50))), "cpu")


def test_a_model_above_the_limit_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        pytest.fail("the weights were read")

    folder = save_tiny(tmp_path)
    parameters = load_bert(str(folder), "cpu").parameters
    assert load_bert(str(folder), "cpu", max_parameters=parameters).parameters == parameters
    monkeypatch.setattr(bert_core.model.bert, "read_tensors", never)
    with pytest.raises(ModelTooLargeError, match="this server allows"):
        load_bert(str(folder), "cpu", max_parameters=1000)


def test_a_model_larger_than_the_free_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bert_core.model.bert, "free_memory", lambda device: 1000.0)
    with pytest.raises(ModelTooLargeError, match="are free on cpu"):
        load_bert(str(save_tiny(tmp_path)), "cpu")


def test_a_model_that_returns_no_attention_is_refused() -> None:
    model = tiny_model()
    model.set_attn_implementation("sdpa")
    with pytest.raises(BertLensError, match="eager"):
        wrap_bert("tiny", model, tiny_wordpiece())


# Devices and fingerprints


@pytest.mark.parametrize("device", ["cpu:0", "cuda:99", "cuda:x", "tpu", "", "mps:1", "x" * 900])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(DeviceError) as caught:
        pick_device(device)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("cuda", "mps", "found"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_prefers_a_gpu(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, found: str
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)
    assert pick_device("auto").type == found


def test_the_fingerprint_tells_models_apart_and_the_same_one_not(tmp_path: Path) -> None:
    assert tiny_bert(0).fingerprint == tiny_bert(0).fingerprint
    assert tiny_bert(0).fingerprint != tiny_bert(1).fingerprint
    assert tiny_bert(0).fingerprint != tiny_bert(0, layer_norm_eps=1e-3).fingerprint
    twice = [load_bert(str(save_tiny(tmp_path / name)), "cpu") for name in ("a", "b")]
    assert twice[0].fingerprint == twice[1].fingerprint


def test_the_fingerprint_sees_one_weight() -> None:
    model = tiny_model()
    before = wrap_bert("tiny", model, tiny_wordpiece()).fingerprint
    model.bert.encoder.layer[0].attention.self.query.weight.data[0, 0] += 1e-3
    assert wrap_bert("tiny", model, tiny_wordpiece()).fingerprint != before
