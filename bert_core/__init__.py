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
    "head_roles": "head_roles",
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
    "put_in": "substitution",
    "score_next_sentence": "next_sentence",
    "BertLensError": "errors",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bert_core' has no attribute {name!r}")
    return getattr(import_module(f"bert_core.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
