"""What the pretraining page says."""

TITLE = "Pretraining"
LEAD = (
    "A small BERT begins with random numbers and learns English from three children's books, while "
    "you watch."
)

TABS = {
    "learning": "how it learns",
    "looks": "what it knows",
    "scale": "beside the real BERT",
    "compare": "which is better?",
}

# What is trained
START = "Start"
BESIDE = "Start another beside it"
ANEW = "Clear, for a new one"
SETTINGS = "What is trained"
LAYERS = "Layers"
HEADS = "Heads in each layer"
WIDTH = "Width: numbers that stand for a token"
VOCABULARY = "Pieces in its vocabulary"
RATE = "Tokens to guess, in percent"
PAIRS = "next sentences too"
STEPS = "Steps of 64 examples"
SEED = "Seed: the same one gives the same run"
SENTENCES = "Sentences to watch, one a line, each with a [MASK]"
SENTENCES_HELP = "The books are Alice in Wonderland, The Wizard of Oz and The Wind in the Willows."
OFF = "Whoever runs this server has switched the lab off."
GONE = "This server has no run of that name any more. Start a new one."
OPENING = (
    "Press Start: in about ten seconds its first guesses stand here, all wrong; in a few minutes "
    "it knows which words go together."
)

# How it is going
NAME = "{rate} % masked"
NAME_ALONE = "{rate} %, words only"
SIZE = "{layers} × {width}, {heads} heads, {parameters:,} numbers to learn"
STATES = {
    "waiting": "Waiting for its turn, {before} before it",
    "starting": "Starting: cutting the books into pieces",
    "running": "Step {step:,} of {steps:,}",
    "paused": "Paused after step {step:,} of {steps:,}",
    "finished": "Done: {step:,} steps",
    "stopped": "Stopped after step {step:,} of {steps:,}",
    "failed": "Broke off after step {step:,}",
}
RIGHT = "{right} of hidden words right, in chapters it never reads"
SPEED = "{tokens:,.0f} tokens a second"
GO = "Go on"
PAUSE = "Pause"
STEP = "One step"
STOP = "Stop"
NOT_TRIED = "It has not been tried yet"
NOT_TRIED_QUIET = "its first figures come with its first steps"
NOT_YET = "Not yet: it knows no more than how often each piece occurs"
LEARNED = "Since step {step:,} it uses the words around the blank"
UNSURE = (
    "as unsure as among {choices:,.0f} equal pieces; who knows only how often each occurs, "
    "among {others:,.0f}"
)
CURVES_ALT = "Losses of the runs, step by step"
FIRST_LOSS = (
    "Below the dashed line it knows more than how often each piece occurs: it uses the words "
    "around the blank."
)
CURVES = {
    "words": "masked words, nats",
    "pairs": "next sentence, nats",
    "step": "step",
    "unigram": "knows only how often pieces occur",
    "coin": "a coin",
    "held_out": "chapters it never reads",
}
TRAINING = "training, mean of {window} steps"

# What it knows
LOOK = "Look at"
LOOKS = {
    "guesses": "its guesses",
    "head": "one head",
    "positions": "its positions",
    "batch": "one batch",
}
AT = "After step"
NOTHING_YET = "There is nothing to look at yet"
NOTHING_YET_QUIET = "its first guesses come with its first steps"
EXPECTS = "It expects “{piece}” in the blank"
EXPECTS_NOTHING = "It expects nothing in particular in the blank"
EXPECTS_QUIET = "first of all “{piece}” with {share}, after step {step:,}"
WATCHED_COLUMNS = ("run", "step", "sentence", "blank", "guess", "probability")
GUESSES_ALT = "How the probability of its present guesses grew, step by step"
SENTENCE = "Sentence"
HEAD = "Head"
HEAD_QUIET = "each row: where this token takes what it needs from; {power}"
HEAD_ALT = "Attention of one head, query rows, key columns"
POWER = "the stronger the colour, the more (to the power 0.55)"
POSITIONS = "How alike its positions are"
POSITIONS_QUIET = (
    "cosine between position embeddings: at first at random; neighbours grow alike where order "
    "helps"
)
POSITIONS_ALT = "Cosine between the embeddings of each two positions"
POSITION_AXIS = "position"
NO_BATCH = "Pause the run and press “{step}”: the batch of that step stands here."
BATCH = "The batch of step {step:,}: {words:.3f} nats a hidden token"
BATCH_QUIET = "mean over {chosen:,} tokens in {examples} examples; the first {shown} of them"
BATCH_PAIRS = "next sentence {pairs:.3f} nats"
BECAME = {"masked": "→ [MASK]", "random": "→ “{seen}”", "kept": "left as it is"}
GUESS_COLUMNS = ("hidden", "its guess", "loss, nats")
FOLLOWS = "B truly follows A; it says {share}."
FOLLOWS_NOT = "B is from another chapter; that it follows A, it says with {share}."

# What to do with it
OPEN = "Open it on the other pages"
OPEN_DONE = "All pages now read with this model: {source}."
PACK = "The model (.zip)"
BRING = "Bring a model that was taken away here"
BROUGHT = "All pages now read with the model of your file."
LOSSES = ("run", "step", "masked words", "next sentence")

# Which of them is better
COMPARE = "Which of them is better?"
COMPARE_START = "Measure"
COMPARE_NOT_YET = "not measured yet"
BEST = "“{name}” guesses hidden words best"
NONE_BEST = "None is clearly better at hidden words"
BEST_QUIET = "first guess right: “{name}” {best}, then “{second}” {other}"
COMPARE_NOTE = (
    "On the chapters held out of the three books, with 95 % intervals: the same pairs for each "
    "model, and the same hidden words where the vocabularies are the same. With others each model "
    "is asked where it begins a piece, and perplexity counts its own pieces: compare the pairs, "
    "take the words as a hint. The embedded model has read most of these books."
)
COMPARE_DOING = "Measured {done} of {total}"
COMPARE_NAME = "{name}, {step:,} steps"
COMPARE_ROWS = {
    "top_1": "first guess right",
    "top_5": "among the first five",
    "perplexity": "perplexity, per piece",
    "error": "calibration error",
    "error_by_chance": "… by chance alone",
    "masks": "hidden words asked for",
    "next_other": "next sentence right",
    "next_elsewhere": "… B's from the same chapter",
    "pairs": "pairs asked for",
}
COMPARE_COLUMNS = ("model", "measure", "value", "low", "high")
INTERVAL = "{value} [{low}, {high}]"
UNKNOWN = "–"

# What it took
SCALE = "BERT-base learnt from {times} times as many tokens as “{name}”"
SCALE_QUIET = "each line on a scale of powers of ten"
SCALE_COLUMNS = ("model", "figure", "value")
SCALE_ALT = (
    "Data, steps and hours of BERT-base, the embedded model and these runs, on a logarithmic scale"
)
BILLION, MILLION = "{number} billion", "{number} million"
BASE, EMBEDDED, THIS = "BERT-base", "embedded", "this run"
SCALE_ROWS = {
    "words": "words of text",
    "parameters": "numbers to learn",
    "batch": "tokens in a batch",
    "steps": "steps",
    "tokens": "tokens learnt from",
    "hours": "hours",
}
SCALE_NOTE = (
    "BERT: 3,300 million words of books and Wikipedia, a million steps of 256 sequences of 512 "
    "tokens, four days on 16 TPU chips (BERT-large: 64) (Devlin et al. 2018, section 3.1 and "
    "appendix A.2). For nine tenths of the steps its sequences had 128 tokens, so it learnt from "
    "fewer tokens than the largest batch times the steps; the picture counts that. Ours counts "
    "what was really read."
)

HOW = """
- **The recipe** is BERT's own (Devlin et al. 2018, section 3.1 and appendix A.2): of all tokens
  15 % are chosen; of these 80 % become [MASK], 10 % another piece, 10 % stay; the model has to say
  what stood there. Half of the B's follow their A, the others come from elsewhere: it has to say
  which.
- **Loss** is how surprised it is by the truth: −ln of the probability that it gave to it, in nats,
  as a mean. The thin line is the batch it learns from, the bold one chapters that it never reads.
- At first it only finds out how often each piece occurs. The step below the dashed line, often
  after a while in which nothing seems to happen, is where attention begins to help.
- Masking 40 % gives more to learn from in each batch, and less to guess it by; which is better
  depends on the model's size (Wettig et al. 2023).
- A run is one process with one thread. It ends two minutes after the last visitor has gone.
"""

HOW_LOOKS = """
- **Its guesses**: what it expects in each blank of your sentences, and how that grew step by step.
- **One head**: each row is a token that looks, each column where it takes what it needs from.
- **Its positions**: cosines between position embeddings; at first at random, later neighbours are
  alike where order helps.
- **One batch**: pause, take one step, and see every hidden token of it with its loss.
- Devlin et al. 2018, *BERT*, sections 3 and 3.1.
"""

HOW_SCALE = """
- Each line is one figure of a training run, on a **scale of powers of ten**: each mark is ten times
  the one before.
- **Tokens learnt from** counts a token again each time that it is read.
- BERT-base read 3,300 million words about forty times; this lab reads three books.
- Hours are of the machines used: 16 TPU chips for BERT-base, one thread here.
- Devlin et al. 2018, *BERT*, section 3.1 and appendix A.2.
"""

HOW_COMPARE = """
- All models get the **same questions**, from chapters that the lab holds out.
- In brackets: 95 % **intervals**.
- The headline names a best one only where the first two intervals lie apart.
- The embedded model has read most of these books: it has an advantage here.
- **Calibration error**: how far what it says differs from how often it is right (Guo et al. 2017).
"""
