"""What is said of a head: its role, its measures, and against what they are held."""

ROLE = "{role}: {share}, chance {chance}"
BROAD = "{role}: {share} is evenly spread"
LEANS = "leans {name}: {share}, chance {chance}"
NO_ROLE = "nothing stands out from chance"
ROLES = {
    "previous": "looks at the previous token",
    "next": "looks at the next token",
    "same": "looks at the token itself",
    "first": "looks at [CLS]",
    "sep": "looks at [SEP]",
    "broad": "looks at everything alike",
    "same_word": "finds the same word elsewhere",
    "between": "looks into the other sentence",
    "punctuation": "looks at punctuation",
}
MEASURES = {
    "layer": "layer",
    "entropy": "entropy",
    "effective_keys": "tokens looked at, in effect",
    "distance": "mean offset (+ is to the right)",
    "span": "mean distance",
    "previous": "to the previous token",
    "next": "to the next token",
    "same": "to the token itself",
    "first": "to [CLS]",
    "sep": "to [SEP]",
    "broad": "evenly spread",
    "same_word": "to the same word elsewhere",
    "between": "to the other sentence",
    "punctuation": "to punctuation",
}
SORTED = "sorted by: {name}"
AMOUNTS = {"bits": "{value:.2f} bits", "tokens": "{value:.1f} tokens", "signed": "{value:+.1f}"}
UNDEFINED = "–"
CHANCE = "chance {amount}"
MOST = "at most {amount}"
PROFILE = "by distance alone {amount}"
