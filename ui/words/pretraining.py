"""What the pretraining page says."""

TITLE = "Pretraining"
LEAD = (
    "A small BERT begins with random numbers and learns English from three children's books, while "
    "you watch."
)

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
COMPARE_NOTE = (
    "On the chapters held out of the three books: the same hidden words and the same pairs for "
    "each model, with 95 % intervals. The embedded model has read most of these books."
)
COMPARE_DOING = "Measured {done} of {total}"
COMPARE_NAME = "{name}, {step:,} steps"
COMPARE_ROWS = {
    "top_1": "first guess right",
    "top_5": "among the first five",
    "perplexity": "perplexity of hidden words",
    "error": "calibration error",
    "next_other": "next sentence right",
    "next_elsewhere": "… B's from the same chapter",
}
COMPARE_COLUMNS = ("model", "measure", "value", "low", "high")
INTERVAL = "{value} [{low}, {high}]"
UNKNOWN = "–"

# What it took
SCALE = "What the real one took"
SCALE_QUIET = "each line on a scale of powers of ten"
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
