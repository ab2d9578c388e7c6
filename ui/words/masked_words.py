"""What the masked-words page says."""

TITLE = "Masked words"
LEAD = (
    "BERT reads the whole sentence and guesses what is hidden. Click a word to hide it, a guess "
    "to put it in."
)

FIRST = {
    1: "“{0}” comes first",
    2: "“{0}” and “{1}” come first",
    3: "“{0}”, “{1}” and “{2}” come first",
}
NOTHING = "Nothing stands out"
NOTHING_QUIET = "{where}; the first guess has {share}"
BEHIND_WORD = "in place of “{word}”"
BEHIND_TYPED = "behind the [MASK] that was typed"
AT = "at “{word}”, which the model sees"
WHICH = "Which mask to read"
GUESS = "{word} → {guess} {share}"
GUESS_AT = "{guess} (token {position})"
STRIP = "Tokens of the sentence. Press one to mask it, or to take its mask off."
STRIP_ASK = "Tokens of the sentence. Press one to ask what the model would put there."
BITS = "bars: surprise at each word, in bits"
WRITTEN = "written in the text, rank {rank:,} of {vocabulary:,}"
BARS = "The {count} most probable pieces, and the one in the text"
MAKES = "{piece}  ({word})"

ASK = "ask without hiding it"
WHOLE = "whole words only"
GUESSES = "Guesses"
PUT_BAR = "Put “{piece}” in at token {position}"
UNDO = "Undo"
PYTHON = "Python"
CLEAR = "Take all masks off"

COLUMNS = ("token", "masked", "written", "rank", "guess", "makes", "probability")
