"""What the questions about masked words say."""

TABS = {
    "none": "the guesses",
    "layers": "layer by layer",
    "joint": "several masks",
    "blank": "one blank, two texts",
    "rank": "which is better?",
    "targets": "only these words",
    "training": "training",
    "calibration": "how sure?",
}

# Under the pointer

HINTS = "What BERT expects at the token that is pointed at"
PENDING = "asking …"
NOTHING_YET = "Point at a word: what BERT expects there, if it were hidden."
IDLE = (
    "Point at a word: what BERT expects there, if it were hidden. Most surprising: “{word}”, "
    "{bits:.1f} bits."
)
WRITTEN = "written: “{word}”, {share}, rank {rank:,}, {bits:.1f} bits"
WRITTEN_WORD = "written: “{word}”, {share}, rank {rank:,}; the whole word {bits:.1f} bits"
TYPED = "a [MASK] was typed here"
READING = "masking {done} of {total} tokens, one at a time"

# Several masks

JOINT_NEEDS = "Press two or more words in the strip above, to hide them."
WAYS = {
    "independent": "each alone",
    "certain_first": "most certain first",
    "left_to_right": "from left to right",
    "chosen": "in the chosen order",
    "beam": "beam search",
}
JOINT = "“{text}” fits best"
JOINT_QUIET = "by pseudo-log-likelihood ({way})"
JOINT_SAME = "“{text}”, however the masks are filled"
ORDER = "Filled one after another"
ORDERS = {
    "certain_first": "most certain first",
    "left_to_right": "from left to right",
    "chosen": "as I say",
}
CHOOSE = "The masks in the order of filling; those left out follow"
CHOICE = "{position}: {word}"
WIDTH = "Beam width"
JOINT_COLUMNS = ("way", "filled", "sum of log-probabilities", "pseudo-log-likelihood")
JOINT_HEADS = ("", "filled", "log P", "PLL")
JOINT_RUNNING = "filling the masks: {done} of {total}"
USE = "Put in: {way}"
STEPS = "Step by step"
STEP = "{turn}. token {position}: {piece} {share}"
STEP_OTHERS = "then {others}"
JOINT_NOTE = "PLL compares the ways; log P depends on the order."
PIECES = "Words of one, two or three pieces behind this mask"
PIECES_QUIET = "token {position}"
PIECES_NOTE = (
    "Lengths cannot be compared fairly: the sum favours short words, the mean long ones. * the "
    "tokenizer would cut the written word in another way."
)
PIECES_HEADS = ("word", "pieces", "log P", "for each piece")
PIECES_NONE = "The chosen mask is not a whole word. Mask whole words to ask for others."

# Through the layers

LENS = "“{answer}” is the first guess from layer {layer} on"
LENS_EMBEDDINGS = "“{answer}” is the first guess from the embeddings on"
LENS_LAST = "“{answer}” is the first guess in the last layer only"
LENS_QUIET = "the masked-word head on every layer"
LENS_AXES = ("guess", "layer")
LENS_FOLLOW = "How the answer rises"
LENS_SHARE = ("", "")
LENS_FOLLOWED = "follow {names}"
LENS_MORE = "Words to follow as well, each one piece"
LENS_DRIFT = "like layer {layer}, cosine"
LENS_UNSURE = "undecided, bits"
LENS_NOTE = (
    "Layer 0 is the embeddings. The head was trained on layer {layer} only: below, it is a way to "
    "look."
)
LENS_COLUMNS = ("layer", "guess", "probability", "followed", "its probability", "its rank")

# Two sentences, one blank

OTHER = "The second sentence, with a [MASK]"
BLANK_EXAMPLES = (
    ("In Texas they like to buy [MASK].", "In New York they like to buy [MASK]."),
    ("The [MASK] was born in London.", "The [MASK] was born in Berlin."),
    ("He works as a [MASK].", "She works as a [MASK]."),
    ("The child ate a [MASK].", "The dog ate a [MASK]."),
)
BLANK_TRY = "For example:"
BLANK_NEEDS = "Write a sentence with a [MASK] here; the first one is above, with a mask in it too."
BLANK_FIRST = "The sentence above has no mask: press a word in it to hide it."
BLANK = "“{first}” fits the first text, “{second}” the second"
BLANK_SAME = "Both expect the same"
BLANK_QUIET = "divergence {divergence:.2f} bits (0 the same, 1 nothing in common)"
BLANK_AXES = ("in the first sentence", "in the second")
BLANK_LEFT = "More in the first"
BLANK_RIGHT = "More in the second"
BLANK_HEADS = ("", "first", "second")
BLANK_BRUSHED = "In the frame: {count} words"
BLANK_BRUSH = "Draw a frame round points to list their words."
BLANK_NO_GL = (
    "This browser has no WebGL, so the {count:,} most telling words are drawn and not all: what "
    "both expect alike is missing between them."
)
BLANK_OWN = "Words of your own, to find in the picture"
BLANK_ALT = "Every word of the vocabulary: its probability in the first blank and in the second"
BLANK_NOTE = (
    "Every point is one word of the vocabulary, on the diagonal if both expect it alike. What a "
    "model expects repeats its training text, prejudice included."
)
BLANK_COLUMNS = ("word", "in the first", "in the second", "ln ratio", "rank 1", "rank 2")

# Which sentence is better?

RANK_WHAT = "What to compare"
RANK_WHATS = {"list": "a list of sentences", "pairs": "pairs: better, worse"}
RANK_LIST = "One sentence a line"
RANK_PAIRS = "One pair a line: the better one, a tab or |||, the worse one"
UPLOAD = "or a text or CSV file"
RANK_EXAMPLE = (
    "The keys to the cabinet are on the table.\n"
    "The keys to the cabinet is on the table.\n"
    "The dog chased the cat.\n"
    "The cat chased the dog.\n"
    "Dog the cat chased the.\n"
    "He spread the warm bread with butter.\n"
    "He spread the warm bread with socks.\n"
    "The movie was unbelievably boring."
)
PAIRS_EXAMPLE = (
    "The keys to the cabinet are on the table. ||| The keys to the cabinet is on the table.\n"
    "The authors that the critic likes write well. ||| "
    "The authors that the critic likes writes well.\n"
    "She has eaten the cake. ||| She has ate the cake.\n"
    "No student has ever read it. ||| Some student has ever read it.\n"
    "He gave her a book. ||| He gave she a book.\n"
    "The engineer said she was late. ||| The engineer said he was late."
)
PAIRS_CARE = (
    "A pair such as the last one asks about prejudice in the training text. One pair proves "
    "nothing; sets made for it (CrowS-Pairs, StereoSet) have known flaws (Blodgett et al. 2021)."
)
METHOD = "How pieces of a word are hidden"
METHODS = {
    "within_word_l2r": "the rest of the word too (Kauf and Ivanova 2023)",
    "original": "one at a time (Salazar et al. 2020)",
}
MEASURE = "Compared by"
MEASURES = {
    "total": "the sum",
    "per_token": "the mean of a token",
    "per_word": "the mean of a word",
}
SCORE = "Score them"
SCORING = "scoring sentence {done} of {total}"
SCORING_PAIRS = "scoring pair {done} of {total}"
BEST = "“{text}” is the most probable"
BEST_QUIET = "of {count}, by {measure}"
MEASURED = {
    "total": "pseudo-log-likelihood (PLL)",
    "per_token": "pseudo-log-likelihood (PLL) per token",
    "per_word": "pseudo-log-likelihood (PLL) per word",
}
SHORT_MEASURED = {"total": "PLL", "per_token": "PLL per token", "per_word": "PLL per word"}
NONE_SCORED = "Nothing here has a word to score"
RANK_COLUMNS = (
    *("place", "line", "sentence"),
    *("PLL", "PLL per token", "PLL per word", "tokens", "words"),
)
PAIRS_HEADS = ("", "better", "worse", "difference in {measure}")
SHARES_OF = "What each token adds"
SHARES_PICK = "Sentence"
PAIRS_RESULT = "The first one is more probable in {better} of {pairs} pairs"
PAIRS_QUIET = "{share}, 95 % interval {low} to {high}; chance would give 50 %"
PAIRS_OPEN = "{share}, 95 % interval {low} to {high}: chance, which gives 50 %, could do that too"
PAIRS_TIES = "{ties} of them alike, which counts as not more probable"
PAIRS_COLUMNS = (
    *("line", "better", "worse"),
    *("{measure} of the better", "{measure} of the worse", "difference"),
)

# Only these words

TARGETS = "Words to compare, each one piece"
TARGETS_DEFAULT = "he, she, they, it"
TARGETS_NEEDS = "Hide a word in the strip above."
TARGETS_FOUND = "“{word}” gets {share} of what these words get"
TARGETS_ALIKE = "None stands out: “{word}” gets {share}, “{other}” nearly as much"
TARGETS_ONE = "“{word}” is compared with nothing yet"
TARGETS_QUIET = "together {together} of all that is expected here"
TARGETS_HEADS = ("", "among these", "of all", "rank", "log-odds", "")
TARGETS_ODDS = "{odds:+.2f}"
TARGETS_TIMES = "{times} times “{word}”"
TARGETS_COLUMNS = ("word", "share", "probability", "rank", "logit", "log-odds in nats")
TARGETS_NOTE = (
    "Bars share out 100 % among these words. Log-odds: ln of how many times as probable as "
    "“{against}” a word is; 0 is alike, 0.69 twice, 2.3 ten times."
)

# How it was trained

TRAINING = "BERT names {right} of {chosen} chosen tokens"
TRAINING_QUIET = "mean loss {loss:.2f} nats; draw {seed}"
TRAINING_ROLL = "Draw again"
RATE = "How many tokens are chosen, in %"
WORDS_MASKED = "whole words"
FATES = {
    "masked": "became [MASK]",
    "random": "became a random piece",
    "kept": "stayed as it was",
}
TRAINING_HEADS = ("token", "what became of it", "BERT says", "written", "loss")
TRAINING_GUESS = "{piece} {share}"
TRAINING_WRITTEN = "{piece} {share}, rank {rank:,}"
RIGHT, WRONG, TIE = "✓", "✗", "="
COUNTS = "In a thousand draws of this text"
COUNTS_QUIET = "bars; the mark is what is expected, with its 95 % interval"
COUNTS_EXACT = (
    "On average {mean:.2f} of {tokens} tokens are chosen, {share}; [CLS] and [SEP] count but are "
    "never chosen."
)
TRAINING_COLUMNS = (
    "token",
    "fate",
    "original",
    "seen",
    "guess",
    "its probability",
    "probability of the original",
    "rank",
    "loss",
)

# How sure, how right?

CALIBRATION_ASK = (
    "Hides {masks:,} tokens of {texts} bundled sentences, one at a time, and compares how sure the "
    "model in use is with how often it is right."
)
CALIBRATION_START = "Measure this model"
CALIBRATION_RUNNING = "sentence {done} of {total}"
CALIBRATED = {
    "more": "Surer than it is right: {sure} sure on average, right in {right}",
    "less": "Less sure than it is right: {sure} sure on average, right in {right}",
    "even": "As sure as it is right: {sure} sure on average, right in {right}",
}
CALIBRATED_QUIET = "of its first guesses; {masks:,} masks in {texts} texts"
CALIBRATION_AXES = ("how sure it says it is", "how often it is right", "guesses")
CALIBRATION_ALT = "How often the first guess is right, by how sure the model says it is"
CALIBRATION_ROWS = {
    "top_1": "right at the first guess",
    "top_5": "within five",
    "sure": "says on average",
    "error": "expected calibration error",
}
INTERVAL = "{low} to {high}"
CALIBRATION_NOTE = (
    "On the dashed line a model is right as often as it says. Chance alone makes the calibration "
    "error {chance} here."
)
CALIBRATION_COLUMNS = ("from", "to", "guesses", "says", "right", "low", "high")
