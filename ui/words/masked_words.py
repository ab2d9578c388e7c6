"""What the masked-words page says."""

TITLE = "Masked words"
LEAD = (
    "BERT reads the whole sentence and guesses what is hidden. Click a word to hide it, a guess "
    "to put it in."
)

BEHIND = "Behind the mask"
BEHIND_WORD = "in place of “{word}”"
AT = "At “{word}”"
AT_QUIET = "unmasked: the model sees the word, and says what it would put there"
WHICH = "Which mask to read"
GUESS = "{word} → {guess} {share}"
GUESS_AT = "{guess} (token {position})"
STRIP = "Tokens of the sentence. Press one to mask it, or to take its mask off."
STRIP_ASK = "Tokens of the sentence. Press one to ask what the model would put there."
WRITTEN = "written in the text: “{word}”, {share}, rank {rank:,} of {vocabulary:,}"
TYPED = "a [MASK] was typed here, so there is no word to compare with"
BARS = "The {count} most probable pieces, and the one in the text"
MAKES = "{piece}  ({word})"

ASK = "ask about a word without hiding it"
WHOLE = "whole words, not single pieces"
GUESSES = "Guesses"
PUT = "Put a guess in: click its bar, or choose it here"
PUT_BAR = "Put “{piece}” in at token {position}"
PUT_CHOOSE = "a guess"
UNDO = "Undo"
PYTHON = "Python"
CLEAR = "Take all masks off"

COLUMNS = ("token", "masked", "written", "rank", "guess", "makes", "probability")

HOW = """
- In training, 15 % of the pieces were hidden and BERT had to name them from both sides: **masked
  language modelling** (Devlin et al. 2018, section 3.1).
- Point at a token: what BERT would expect there, each hidden alone. The bars below are surprisal in
  bits, −log₂ of the probability of what is written: 1 bit is one of two, 10 bits one of a thousand.
  A word of several pieces is scored from left to right with the rest of it hidden too (Kauf and
  Ivanova 2023), since its pieces give each other away.
- A bar is the probability the model gives to one piece of its vocabulary; all of them sum to
  100 %.
- The dashed bar is what your text says there, with its rank among all pieces.
- Several masks are guessed apart: each guess does not know what the others became.
- `##ing` continues the piece before it; in brackets is the word it would make.
"""
