"""What is said where it is asked which head links two words."""

ASK = "Which head links two words?"
FIRST = "Press the word that looks, in the strip above: a pronoun, for example."
SECOND = "“{word}” looks. Now press the word it may be linked to."
SAME = "Both are the same word, “{word}”. Press another one that it may be linked to."
FROM_WORD = "from {word}"
TO_WORD = "to {word}"

LINK = "Head {head} takes “{query}” {way} “{key}”"
WAYS = {"before": "back to", "after": "on to"}
LINK_QUIET = "{share} of its attention"
NO_LINK = "No head links “{query}” to “{key}”"
NO_LINK_QUIET = "{share} of its attention at most; even attention gives {even}"

STRONGEST = "The strongest heads"
STRONGEST_QUIET = "share of what “{word}” takes"
BARS = "Heads by the weight from the one word to the other; press one to open it."
OPEN = "Open head {head}"
ROLE = "Press a bar or a square: its head opens. {head} {role}."
PRESS = "Press a bar or a square: its head opens."
ALL = "All {count}"
ALL_QUIET = "colour by the same share, to the power 0.55"
TILES = "All heads by the weight from the one word to the other; press one to open it."
TILE = "Open head {head}: {share}"
COLUMNS = ("rank", "layer", "head", "weight")

ANYWAY = "Would some head do so anyway?"
ANYWAY_QUIET = "every other pair of which the second stands {count} {side} the first"
SIDES = {"after": "after", "before": "before"}
HERE = "in this text"
THERE = "in {texts} texts of {fewest} to {most} tokens"
PAIRS = "{reaching:,} of {pairs:,} pairs"
SHARE = "{share} ({low} to {high})"
NO_PAIRS = "no other pair"
VERDICTS = {
    "rare": "have one among the {heads} heads that reaches {share}: so this link says something.",
    "common": "have one among the {heads} heads that reaches {share}: so this link says little.",
    "open": (
        "have one among the {heads} heads that reaches {share}: so it is not clear whether this "
        "link says anything."
    ),
    "few": "These are too few pairs to say whether this link is more than chance.",
}
