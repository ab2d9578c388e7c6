"""What the questions under the next-sentence answer say."""

TABS = {
    "none": "the answer",
    "candidates": "other candidates",
    "order": "order",
    "why": "why?",
    "test": "topic or order?",
    "layers": "through the layers",
    "layout": "the layout",
}
UNREAD = "Line {number} has nothing in it that the model reads."
NEEDS_PAIR = (
    "This question needs two sentences: put one into the field “Sentence B” above. “Other "
    "candidates” and “order” can be asked now."
)
NEEDS_HEAD = (
    "The model in use was saved without a next-sentence head, so there is nothing to ask it here. "
    "The embedded one has it."
)
PYTHON = "Python"
UNDO = "Undo"

# Other candidates

CANDIDATES = "Possible sentences B, one a line"
UPLOAD = "or a text or CSV file, one sentence a line"
# True, same topic, shuffled, and three of another topic; for the sentences that ship.
CANDIDATES_FOR = {
    "The animal didn't cross the street because it was too tired.": (
        "It lay down on the warm pavement.\n"
        "Cars stopped and waited for it to move.\n"
        "pavement warm the on down lay It.\n"
        "Stocks fell sharply on Monday.\n"
        "The capital of France is Paris.\n"
        "Interest rates rose in the second quarter."
    ),
    "She opened the door and went in.": (
        "The room was dark and cold.\n"
        "Then she knocked on the door.\n"
        "cold and dark was room The.\n"
        "The river flows into the sea near the town.\n"
        "Doors are usually made of wood or metal.\n"
        "Interest rates rose in the second quarter."
    ),
}
CANDIDATES_ELSE = (
    "And so it went on.\n"
    "The room was dark and cold.\n"
    "It lay down on the warm pavement.\n"
    "The capital of France is Paris.\n"
    "Stocks fell sharply on Monday.\n"
    "Interest rates rose in the second quarter."
)
SCORING = "pair {done} of {total}"
BEST = "“{text}”"
BEST_QUIET = "follows best of {count}: {share}"
PUT_IN = "Put “{candidate}” in as B"
BARS = "Candidates by the probability that they follow; press one to put it in as B"
CANDIDATE_HEADS = ("", "candidate", "follows", "difference")
PLACE = "{place}."
CANDIDATES_NOTE = (
    "Press a bar to read that pair above. Difference: the logit of IsNext less that of NotNext; 0 "
    "is undecided, and it still tells candidates apart where all percentages are near 100. Masks "
    "are not used here."
)
CUT = "Longer than the model reads, so that their end did not count: {count}."
NOT_LISTED = "The first {shown} of {count}; the table has all."
MORE_BROKEN = "and {count} more lines that could not be read."
CANDIDATE_COLUMNS = (
    "place",
    "line",
    "candidate",
    "probability",
    "logit IsNext",
    "logit NotNext",
    "difference",
    "cut",
)

# Order

PARAGRAPH = "A paragraph, its sentences in their true order"
PARAGRAPH_EXAMPLE = (
    "Maria wanted to bake a cake for her brother's birthday. She mixed flour, eggs and sugar in a "
    "large bowl. Then she poured the batter into a tin and put it into the oven. After half an "
    "hour the whole house smelled of chocolate. Her brother came home from school and guessed at "
    "once what it was."
)
ORDER = "It would tell it in the order {order}"
ORDER_TRUE = "It would leave the sentences in their order"
ORDER_QUIET = "score {score}; the true order {true}{place}, Kendall's tau {tau}"
ORDER_PLACE = ", place {rank} of {orders}"
ORDER_STOPPED = "Stopped before every pair was scored"
ORDER_STOPPED_QUIET = "{done} of {total}; an order needs them all"
MATRIX = "How probable it is that the sentence of the column follows that of the row"
MATRIX_NOTE = (
    "Percent: does the column's sentence follow the row's? Solid frames: the true neighbours. "
    "Dashed: those of its best order."
)
TRUE_ORDER = "As written"
BEST_ORDER = "Its best order"
ADJACENT_QUIET = "and how probable the next one is"
ORDER_NOTE = (
    "Score: the sum of ln P(IsNext) over neighbours, 0 at most. Kendall's tau: 1 the same order, "
    "−1 reversed. Do not expect the true order: the head was trained to tell a next sentence from "
    "one of another text, and within one paragraph all share a topic. Lan et al. 2020 (ALBERT) "
    "found just that, and trained on sentence order instead."
)
LEFT_OUT = "Only the first {read} sentences are read; {count} come after them."
SHORTENED = "Cut, because they are too long: sentences {numbers}."
ORDER_COLUMNS = (
    "first",
    "second",
    "first sentence",
    "second sentence",
    "probability",
    "logit IsNext",
    "logit NotNext",
    "neighbours",
    "in its best order",
)

# Why

WAY = "What is done to each part"
WAYS = {"remove": "leave it out", "mask": "put [MASK] there"}
UNIT = "What a part is"
UNITS = {"token": "each token", "word": "each word"}
WEIGHING = "part {done} of {total}"
FOR = "“{part}” speaks most for it"
AGAINST = "“{part}” speaks most against it"
NO_PART = "No part speaks for it on its own"
NO_PART_AGAINST = "No part speaks against it on its own"
WITHOUT = {
    "remove": "left out: {now} instead of {before}",
    "mask": "masked: {now} instead of {before}",
}
WHY_STRIP = "What the answer changes by without each token. Press one to mask it above."
LARGEST = "The largest changes"
LARGEST_QUIET = "of the difference of the logits, which is {difference}"
WHY_ALT = "Change of the difference of the logits without each part, the largest first"
NO_PARTS = "No part of it was asked about."
WHY_NOTE = (
    "Each part is erased in turn (Li et al. 2016). "
    "Below 0: the answer leans less to IsNext when the part is gone, so the part speaks for it; "
    "above 0 it speaks against it. Blue parts are A's, brown ones B's. Of two words that say the "
    "same neither may seem to matter, and an input with a hole in it is one that the model never "
    "saw in training."
)
SIDES = ("A", "B")
WHY_COLUMNS = (
    "part",
    "tokens",
    "sentence",
    "probability without",
    "difference without",
    "change of probability",
    "change of difference",
)

# Topic or order?

AROUND = "The text that the pair is from, if you have it"
VARYING = "variant {done} of {total}"
VARIANTS = {
    "true": "as it is",
    "swapped": "B before A",
    "shuffled": "words of B shuffled",
    "elsewhere": "B from the same text",
    "other_text": "B from another text",
}
PAIR_TOPIC = "Here topic matters, not order"
PAIR_BOTH = "Here topic matters, and order too"
PAIR_ORDER = "Here order matters, topic does not"
PAIR_NEITHER = "Here neither topic nor order changes the answer"
PAIR_REFUSED = "It refuses the pair itself"
PAIR_REFUSED_QUIET = "so this pair cannot tell topic from order: take one that it believes"
PAIR_QUIET = "always IsNext: {believed}; not always: {refused}"
NOTHING = "nothing"
VARIANT_BARS = "How probable it is that B follows A, for the pair and its variants"
VARIANT_HEADS = ("", "probability", "difference", "called IsNext")
CALLED = "{called} of {asked}"
VARIANT_NOTE = (
    "Means over what was asked: shuffled five times, and five sentences drawn from bundled texts. "
    "A head that goes by order would refuse “B before A” and shuffled words."
)
VARIANT_COLUMNS = ("variant", "A", "B", "probability", "difference")
SETS = "Is that so for other pairs?"
SETS_ASK = (
    "Scores {pairs} pairs made from {texts} bundled texts: true neighbours, and four kinds that "
    "only look like them. It takes some seconds."
)
SETS_START = "Measure this model"
SETS_RUNNING = "set {done} of {total}"
KINDS = {
    "true": "true neighbours",
    "reversed": "reversed",
    "elsewhere": "same text, elsewhere",
    "other_text": "another text",
    "shuffled": "second one shuffled",
}
SETS_TOPIC = "This model goes by topic, not by order"
SETS_BOTH = "This model goes by topic and by order"
SETS_SOME = "This model goes by topic, and somewhat by order"
SETS_ORDER = "This model goes by order, not by topic"
SETS_NEITHER = "This model tells none of these from true neighbours"
SETS_TOLD = (
    "It calls {true} of true neighbours IsNext. It clearly tells from them: {told}. It does not: "
    "{untold}."
)
KIND_SHARE = "{kind} ({share})"
NO_KIND = "none"
SETS_ALT = "Share of each set that is called IsNext, with its 95 % interval"
SETS_NOTE = (
    "Bars: the share called IsNext, that is with a probability over a half; marks: 95 % interval, "
    "from drawing whole texts again (bootstrap). Told apart is what has an interval that lies "
    "below that of true neighbours."
)
SETS_CSV = "CSV of the sets"
SET_COLUMNS = ("set", "called IsNext", "pairs", "share", "low", "high", "mean probability", "texts")

# Through the layers

LAYERS_FROM = "{answer} from layer {layer} on"
LAYERS_ALWAYS = "{answer} from the embeddings on"
LAYERS_QUIET = "after the last layer {share}"
ANSWERS = {True: "It says IsNext", False: "It says NotNext"}
EMBEDDINGS = "emb."
LAYER_AXES = ("layer", "that B follows A")
LAYERS_ALT = "Probability that B follows A after every layer"
LAYERS_NOTE = (
    "Pooler and head put on the state of [CLS] after every layer. They were trained on the last "
    "layer only: what they say below it is a way to look, not what the model thinks there (the "
    "“logit lens”). At “emb.” [CLS] has seen no word yet, so that value is the same for every pair."
)
LAYERS_COLUMNS = ("layer", "probability", "logit IsNext", "logit NotNext")

# Layout

LAYOUT = "{tokens} tokens, read as one input"
LAYOUT_QUIET = "[CLS], {first} of A, [SEP], {second} of B, [SEP]"
LAYOUT_STRIP = "Tokens with id, position, place in the text and segment"
LAYOUT_NOTE = (
    "[CLS] opens the input, and its state is what the answer is read from; [SEP] closes each "
    "sentence. Every token gets a vector of its position and one of its segment (A or B) added: "
    "this and [SEP] are all that tells B from A."
)
POOLED = "IsNext {is_next}, NotNext {not_next}"
POOLED_QUIET = "each: {numbers} numbers times {numbers} weights, added up, plus a bias"
POOLED_ROWS = ("pooled", "IsNext", "NotNext")
POOLED_ALT = "The pooled vector, and what each of its numbers adds to the two logits"
POOLED_HOVER = "%{customdata}, number %{x}: <b>%{z:+.3f}</b>"
POOLED_NOTE = (
    "Top row: the pooled vector, the state of [CLS] after a layer with tanh, so between −1 (pink) "
    "and 1 (green). Below: each number times the head's weight for it, for either answer, on a "
    "scale of their own (full colour is {most:.2f}). Row sums and biases make the logits:"
)
SUM_ROWS = ("sum of the row", "bias", "together", "the head's own logit")
GAP = "Largest gap between the two last lines: {gap:.0e} (rounding)."
LAYOUT_COLUMNS = ("number", "pooled", "weight IsNext", "weight NotNext", "to IsNext", "to NotNext")
