"""`python -m bert_core convert`: what was in the pickle, and only that, as safetensors."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertForMaskedLM, BertModel, PreTrainedModel

from bert_core.command_line.main import main
from bert_core.model.bert import load_bert
from tests.kit.tiny import save_tiny, tiny_config, tiny_model

BIN = "pytorch_model.bin"


def as_pickle(folder: Path, model: PreTrainedModel) -> Path:
    save_tiny(folder, model)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / BIN)
    return folder


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("a pickle was opened",))


@pytest.mark.parametrize(
    ("make", "mlm", "nsp"),
    [
        (lambda config: BertModel(config), False, False),
        (BertForMaskedLM, True, False),
        (lambda _: tiny_model(), True, True),
    ],
)
def test_a_head_that_is_missing_stays_missing(
    tmp_path: Path, make: type, mlm: bool, nsp: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make(tiny_config())
    old, new = as_pickle(tmp_path / "old", model), tmp_path / "new"
    assert main(["convert", str(old), str(new)]) == 0
    loaded = load_bert(str(new), "cpu")
    assert (loaded.has_mlm, loaded.has_nsp) == (mlm, nsp)
    written, there = load_file(new / "model.safetensors"), model.state_dict()
    assert set(written) == set(there)
    assert all(torch.equal(written[name], there[name]) for name in there)
    said = capsys.readouterr().out
    assert ("masked words" in said, "next sentences" in said) == (mlm, nsp)
    assert (
        loaded.wordpiece.vocabulary
        == load_bert(str(save_tiny(tmp_path / "b"))).wordpiece.vocabulary
    )


def test_a_training_of_ones_own_is_found_inside_its_checkpoint(tmp_path: Path) -> None:
    model = tiny_model()
    old = as_pickle(tmp_path / "old", model)
    state = {f"module.{name}": one for name, one in model.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state}, old / BIN)
    assert main(["convert", str(old), str(tmp_path / "new")]) == 0
    assert load_bert(str(tmp_path / "new"), "cpu").has_nsp


def test_parts_are_read_by_their_index(tmp_path: Path) -> None:
    model = tiny_model()
    old = as_pickle(tmp_path / "old", model)
    state = model.state_dict()
    (old / BIN).unlink()
    names = sorted(state)
    half = len(names) // 2
    for file, part in (("a.bin", names[:half]), ("b.bin", names[half:])):
        torch.save({name: state[name] for name in part}, old / file)
    where = {name: "a.bin" if name in names[:half] else "b.bin" for name in names}
    (old / f"{BIN}.index.json").write_text(json.dumps({"weight_map": where}))
    assert main(["convert", str(old), str(tmp_path / "new")]) == 0
    assert load_bert(str(tmp_path / "new"), "cpu").has_nsp


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"weights": Bomb()}, "holds more than tensors"),
        ({"epoch": 3}, "holds no tensor"),
        ([1, 2], "holds no tensor"),
        (None, "cannot be read"),
    ],
)
def test_what_is_not_converted_leaves_nothing(
    tmp_path: Path, content: object, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = as_pickle(tmp_path / "old", tiny_model()), tmp_path / "new"
    if content is None:
        (old / BIN).write_bytes((old / BIN).read_bytes()[:1000])
    else:
        torch.save(content, old / BIN)
    assert main(["convert", str(old), str(new)]) == 2
    heard = capsys.readouterr().err
    assert said in heard
    assert "Traceback" not in heard
    assert not new.exists()


def test_a_folder_that_is_there_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = as_pickle(tmp_path / "old", tiny_model())
    assert main(["convert", str(old), str(old)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (old / BIN).is_file()
