"""Look inside BERT: tokens, attention, masked words, next sentence.

Names are loaded when they are first used, so that drawing a figure needs no torch.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Bert": "model.bert",
    "load_bert": "model.bert",
    "wrap_bert": "model.bert",
    "Encoding": "model.tokenization",
    "encode": "model.tokenization",
    "trace_word": "model.wordpiece_trace",
    "Asked": "model.inference",
    "BertRun": "model.inference",
    "run_bert": "model.inference",
    "Engine": "serving.engine",
    "EngineRegistry": "serving.registry",
    "read_attention": "attention.maps",
    "find_strongest_link": "attention.maps",
    "measure_heads": "attention.measures",
    "name_roles": "attention.roles",
    "summarise_heads": "attention.summary",
    "rank_links": "attention.links",
    "how_often": "attention.links",
    "head_distances": "attention.similarity",
    "value_weighted": "attention.norms",
    "attention_rollout": "attention.rollout",
    "read_query_key": "attention.query_key",
    "align": "attention.comparison",
    "Scan": "serving.scan",
    "predict_masked": "masked_words.predict",
    "predict_masked_in": "masked_words.predict",
    "put_in": "masked_words.writing",
    "direct_runner": "serving.runner",
    "engine_runner": "serving.runner",
    "Job": "serving.job",
    "predict_each": "masked_words.surprisal",
    "word_surprisals": "masked_words.surprisal",
    "readout": "masked_words.surprisal",
    "score_sentences": "masked_words.likelihood",
    "rank": "masked_words.scores",
    "compare_pairs": "masked_words.minimal_pairs",
    "summarise_pairs": "masked_words.minimal_pairs",
    "read_lines": "texts.lists",
    "read_rows": "texts.lists",
    "fill_independently": "masked_words.joint",
    "fill_in_turn": "masked_words.joint",
    "pseudo_log_likelihoods": "masked_words.joint",
    "beam_search": "masked_words.beam",
    "word_candidates": "masked_words.several_pieces",
    "parse_targets": "masked_words.targets",
    "predict_targets": "masked_words.targets",
    "compare_blanks": "masked_words.blanks",
    "read_layers": "inside.lens",
    "next_sentence_layers": "inside.lens",
    "roll_masks": "pretraining.masks",
    "answer_chosen": "masked_words.training",
    "calibrate": "evaluation.calibration",
    "summarise_calibration": "evaluation.reliability",
    "score_next_sentence": "next_sentence.score",
    "explain_logits": "next_sentence.score",
    "score_candidates": "next_sentence.candidates",
    "score_pairs": "next_sentence.candidates",
    "rank_candidates": "next_sentence.candidates",
    "split_paragraph": "next_sentence.order",
    "pair_matrix": "next_sentence.order",
    "best_order": "next_sentence.order",
    "weigh_parts": "next_sentence.reasons",
    "compare_variants": "next_sentence.reasons",
    "called_next": "next_sentence.neighbours",
    "draw_questions": "evaluation.questions",
    "evaluate": "evaluation.evaluate",
    "RunRequest": "pretraining.setup",
    "prepare_run": "pretraining.setup",
    "train": "pretraining.train",
    "save_result": "pretraining.result",
    "BertLensError": "errors",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bert_core' has no attribute {name!r}")
    return getattr(import_module(f"bert_core.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
