"""Texts for hypothesis: everything that somebody may type or paste."""

from hypothesis import strategies as st

SPECIAL = ["[MASK]", "[CLS]", "[SEP]", "[PAD]", "[UNK]"]
AWKWARD = [
    *SPECIAL,
    "[mask]",
    "\0",
    "\ud800",
    "\udfff",
    "\ufffd",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\u00ad",
    "\ufeff",
    "e\u0301",
    "\u0301",
    "é",
    "ß",
    "İ",
    "ﬁ",
    "שלום",
    "مرحبا",
    "中文",
    "\U00020000",
    "👩‍👩‍👧",
    "🏳️‍🌈",
    "\u1100\u1161\u11a8",
    "<script>alert(1)</script>",
    "&amp;",
    "don't",
    "x" * 120,
]
ORDINARY = ["The", "cat", "sat", "on", "a", "mat", "bank", ",", "unbelievable", "tokens", "!", "42"]

characters = st.characters(exclude_categories=())  # lone surrogates and unassigned ones too
fragments = st.one_of(
    st.sampled_from(AWKWARD), st.sampled_from(ORDINARY), st.text(characters, max_size=8)
)
any_text = st.lists(fragments, max_size=12).flatmap(
    lambda parts: st.sampled_from(["", " ", "\n"]).map(lambda gap: gap.join(parts))
)
# Without the names of special tokens, for which our rule and that of transformers differ.
ordinary_text = (
    st.lists(
        st.one_of(
            st.sampled_from(ORDINARY),
            st.text(st.characters(categories=("L", "N", "P", "M", "Zs")), min_size=1, max_size=8),
        ),
        min_size=1,
        max_size=12,
    )
    .map(" ".join)
    .filter(lambda text: not any(name in text for name in SPECIAL))
)
