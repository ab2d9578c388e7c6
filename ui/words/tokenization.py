"""What the tokenization page says."""

TITLE = "Tokenization"
LEAD = "BERT reads pieces, not words. Press a word to see how it was cut."
STRIP = "Pieces of the text, with number in the vocabulary and place. Press one to see its cut."

TABS = {"cut": "the cut", "table": "every token"}

SOME_UNKNOWN = "{count} of {words} words cannot be spelt with this vocabulary"
ONE_UNKNOWN = "This word cannot be spelt with this vocabulary"
SOME_SPLIT = "BERT cuts {count} of {words} words into pieces"
ONE_SPLIT = "BERT cuts this word into pieces"
MOST = "“{word}” into most: {count}"
NONE_SPLIT = "BERT cuts no word of it"
NONE_SPLIT_QUIET = "{words} words, each one piece"

TRACE = "How “{word}” was cut"
TRACE_QUIET = "longest piece first (WordPiece)"
TRACE_WHOLE = "The whole word stands in the vocabulary: one piece."
TRACE_ADDED = "Added to the vocabulary later: found in the text before it is cut, and left whole."
TRACE_FOUND = "of “{rest}” the longest start in the vocabulary"
TRACE_FAILED = "no start of “{rest}” is in the vocabulary, so the whole word becomes [UNK]"
TRACE_TOO_LONG = "longer than {limit} characters: not read, it becomes [UNK]"
TRACE_MASK = "[MASK] typed in the text hides a word from the model."
TRACE_NONE = "Press a word above."
TRIES = "{count} tried"

COUNT = "{count} of {limit} tokens"
COUNT_QUIET = "{words}, {pieces}, {special} special"
WORDS = ("{count} word", "{count} words")
PIECES = ("{count} piece", "{count} pieces")
COUNT_BAR = "Share of the limit that is used: {share}"

CHANGED = "Changed before cutting"
CHANGED_QUIET = "case, accents, unseen characters"
CHANGED_NONE = "Nothing: the text already looks as the vocabulary wants it."
CHANGED_MORE = "and {count} more words"
REMOVED = "nothing"
WITHOUT = "without {characters}"

UNKNOWN = "Not in the vocabulary"
UNKNOWN_ROW = "because of “{character}” ({code})"
UNKNOWN_LONG = "because it is longer than {limit} characters"
UNKNOWN_MORE = "and {count} more"
UNKNOWN_NOTE = "[UNK] stands for “unknown”: the model sees that a word is there, not which."

SPECIAL = "Added by BERT"
SPECIAL_ROWS = (
    ("[CLS]", "begins every input; the next-sentence head reads its state"),
    ("[SEP]", "ends each sentence"),
)
SPECIAL_TYPED = (
    "[MASK] typed in the text masks. [CLS], [SEP], [PAD] and [UNK] typed are ordinary text."
)

COLUMNS = ("token", "id", "piece", "typed", "sentence", "segment", "word", "start", "end")

HOW = """
- BERT's vocabulary is fixed (30,522 entries in the English uncased one). A word that is not in it
  is cut into pieces that are. Pieces that continue a word begin with `##`.
- The cut is greedy: the longest piece that fits, then the longest that fits the rest.
- The number under a piece is all the model sees of it: its **id**, its **position** and its
  **segment** (0 for sentence A, 1 for B). Places in the text count characters from 0.
- Uncased models write everything small and take accents off first. Chinese characters stand alone.
- Devlin et al. 2018, *BERT*, section 3; the pieces are WordPiece: Schuster and Nakajima 2012,
  Wu et al. 2016.
"""

HOW_TABLE = """
- One row a **token**, in the order in which the model reads them; tokens count from 0.
- **id**: the number of the piece in the vocabulary. With its place and its **segment** (0 for
  sentence A, 1 for B) it is all that the model is given.
- **typed**: what stood in the text before it was made small and accents were taken off.
- **word**, **start**, **end**: which word of the text, and which of its characters, from 0.
- Devlin et al. 2018, *BERT*, section 3 and figure 2.
"""
