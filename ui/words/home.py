"""What the home page says."""

TITLE = "What does BERT make of it?"
LEAD = "Type a sentence. Everything below is what this model does with it, on this machine."
STRIP = "Tokens of the sentence. Press one to see what the model expects in its place."

PIECES = "Cut into {count} pieces"
PIECES_ONE = "Cut into 1 piece"
PIECES_SPECIAL = "and [CLS], [SEP] added"
PIECES_SPECIAL_PAIR = "and [CLS], two [SEP] added"
SPLIT = "becomes"
MORE_SPLIT = "and {count} more"
ALL_WHOLE = "Every word is one piece; punctuation stands alone."
UNKNOWN = "{count} unknown: not in this vocabulary"

LINK = "Head {name} takes “{query}” to “{key}”"
LINK_SHARE = "{share} of its attention"
LINK_NONE = "Head {name}"
LINK_NOTE = "One of {heads} heads. Each row is a token, each column where it looks."
LINK_STRONGEST = "In no head does this token give more to another."
LINK_CHANCE = "{reaching} of the {tokens} other tokens have a head that gives another one as much."
LINK_CHANCE_FEW = {
    0: "None of the {tokens} other tokens has a head that gives another one as much.",
    1: "1 of the {tokens} other tokens has a head that gives another one as much.",
}
LINK_LEFT_OUT = "Left out: neighbours, punctuation, [CLS] and [SEP]."
MAP = "Attention map of {name}"

EXPECTS = "Behind “{word}” it expects"
EXPECTS_CLICK = "click any token above"
WRITTEN = "written in the text, rank {rank:,} of {vocabulary:,}"
TYPED_MASK = "the mask you typed"
BARS = "Most probable words in place of {word}"

FOLLOWS = "B follows A"
NOT_FOLLOWS = "B does not follow A"
SAYS = "says the next-sentence head"
NEEDS_PAIR = "Does B follow A?"
TYPE_PAIR = "Type a second sentence above, and the next-sentence head says whether it follows."
FOLLOWS_NOTE = "probability that B follows; in training, half of the Bs did"
SPLIT_BAR = "Probability that B follows A: {share}"

COLUMNS = ("reading", "of", "value")
ROW_GUESS = "guess for “{word}”"
ROW_LINK = "attention, head {name}"
ROW_LINK_OF = "{query} → {key}"
ROW_CHANCE = "other tokens with a head that gives another one as much"
ROW_CHANCE_OF = "{reaching} of {tokens}"
ROW_NEXT = "next sentence"

HOW = """
- **Pieces**: BERT reads pieces of words; those it adds itself stand in brackets.
- **Attention**: one head's map. Each row is a token that looks, each column where it looks; the
  darker, the more.
- **Behind a word**: the word is hidden, and BERT guesses it from both sides.
- **Next sentence**: trained to tell real neighbours from random sentences.
- Devlin et al. 2018, *BERT: Pre-training of Deep Bidirectional Transformers*.
"""

DOOR = "{page} →"
