"""Look inside BERT: tokens, attention, masked words, next sentence.

Names are loaded when they are first used, so that drawing a figure needs no torch.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Bert": "model",
    "load_bert": "model",
    "wrap_bert": "model",
    "Encoding": "tokenization",
    "encode": "tokenization",
    "trace_word": "wordpiece_trace",
    "BertRun": "inference",
    "run_bert": "inference",
    "Engine": "engine",
    "EngineRegistry": "engine_registry",
    "read_attention": "attention",
    "find_strongest_link": "attention",
    "measure_heads": "head_measures",
    "name_roles": "head_roles",
    "summarise_heads": "head_summary",
    "rank_links": "head_links",
    "how_often": "head_links",
    "head_distances": "head_similarity",
    "value_weighted": "attention_norms",
    "attention_rollout": "rollout",
    "read_query_key": "query_key",
    "align": "comparison",
    "Scan": "scan",
    "predict_masked": "masked_words",
    "predict_masked_in": "masked_words",
    "put_in": "substitution",
    "direct_runner": "runner",
    "engine_runner": "runner",
    "Job": "job",
    "predict_each": "surprisal",
    "word_surprisals": "surprisal",
    "score_sentences": "pseudo_likelihood",
    "rank": "pseudo_likelihood",
    "compare_pairs": "minimal_pairs",
    "summarise_pairs": "minimal_pairs",
    "read_lines": "lists",
    "read_rows": "lists",
    "fill_independently": "joint_filling",
    "fill_in_turn": "joint_filling",
    "pseudo_log_likelihoods": "joint_filling",
    "beam_search": "beam",
    "word_candidates": "several_pieces",
    "parse_targets": "targets",
    "predict_targets": "targets",
    "compare_blanks": "blank_comparison",
    "read_layers": "logit_lens",
    "next_sentence_layers": "logit_lens",
    "roll_masks": "pretraining_masks",
    "answer_chosen": "pretraining_masks",
    "calibrate": "calibration",
    "summarise_calibration": "calibration_summary",
    "score_next_sentence": "next_sentence",
    "explain_logits": "next_sentence",
    "score_candidates": "candidates",
    "score_pairs": "candidates",
    "rank_candidates": "candidates",
    "split_paragraph": "sentence_order",
    "pair_matrix": "sentence_order",
    "best_order": "sentence_order",
    "weigh_parts": "next_sentence_reasons",
    "compare_variants": "next_sentence_reasons",
    "called_next": "neighbour_sets",
    "draw_questions": "evaluation_questions",
    "evaluate": "evaluation",
    "RunRequest": "pretraining_setup",
    "prepare_run": "pretraining_setup",
    "train": "pretraining_run",
    "save_result": "pretraining_result",
    "BertLensError": "errors",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bert_core' has no attribute {name!r}")
    return getattr(import_module(f"bert_core.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
