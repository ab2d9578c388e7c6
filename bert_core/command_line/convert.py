"""`python -m bert_core convert`: a checkpoint that is a pickle, as one that can be loaded."""

import argparse
import shutil
from pathlib import Path

from bert_core.errors import InputError
from bert_core.model.wordpiece import TOKENIZER_FILES


def add_convert(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    purpose = "write a checkpoint that is a pickle anew, as safetensors"
    parser = commands.add_parser(
        "convert",
        help=purpose,
        description=f"{purpose[0].upper()}{purpose[1:]}: numbers only, and only those that are "
        "there. Configuration and tokenizer come along.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with pytorch_model.bin")
    parser.add_argument("new", type=Path, metavar="NEW", help="a folder that is made")
    parser.set_defaults(work=run_convert)


def run_convert(options: argparse.Namespace) -> int:
    """Convert, and say what the new checkpoint can answer.

    Raises:
        BertLensError: with a sentence that says what is wrong.
        OSError: a file cannot be written.
    """
    from safetensors.torch import save_file

    from bert_core.model.bert import load_bert
    from bert_core.model.pickles import read_pickles
    from bert_core.model.weights import WHOLE
    from bert_core.pretraining.folder import write_whole

    if options.new.exists():
        raise InputError(f"“{options.new}” is there already: name a folder that is not.")
    tensors = read_pickles(options.folder)

    def write(folder: Path) -> None:
        save_file(tensors, folder / WHOLE, metadata={"format": "pt"})
        for name in ("config.json", *TOKENIZER_FILES):
            if (options.folder / name).is_file():
                shutil.copyfile(options.folder / name, folder / name)

    write_whole(options.new, write)
    bert = load_bert(str(options.new), "cpu")
    heads = {"masked words": bert.has_mlm, "next sentences": bert.has_nsp}
    there = " and ".join(name for name, has in heads.items() if has) or "neither, an encoder alone"
    print(f"{options.new}: {len(tensors):,} tensors. It has a head for {there}.")
    return 0
