"""What the next-sentence page says."""

TITLE = "Next sentence"
LEAD = (
    "Does B follow A? BERT was trained on real neighbours against random sentences, so it judges "
    "topic as much as order."
)

FOLLOWS = "B follows A"
NOT_FOLLOWS = "B does not follow A"
UNDECIDED = {
    True: "It leans to “B follows A”, but is not sure",
    False: "It leans to “B does not follow A”, but is not sure",
}
SAYS = "says the next-sentence head with {share}"
# By what it says: how often it says the same and is wrong.
ANYWAY = {
    True: "it says so of {share} of sentences from other texts too",
    False: "it says so of {share} of true neighbours too",
}
WORTH = "How often does it say so anyway?"
WORTH_ROWS = {"true": "true neighbours", "other_text": "B from another text"}
INTERVAL = "{low} to {high}"
BAR = "Probability that B follows A: {share}"
BIG = "that B follows A"
ROWS = (
    ("IsNext", "B is the sentence after A"),
    ("NotNext", "B is a random sentence"),
)
LOGIT = "logit {logit:+.2f}"
SWAP = "Swap A and B"
STRIP = "Tokens of both sentences. Press one to mask it and see what the score loses."
MASKED_NOTE = "With {count} tokens masked; as typed it is {share}."
UNMASK = "Read it as typed"
HINT = "Press a token above to hide it from the model: what carries the answer?"
NEEDS_PAIR = "Type a second sentence"
TYPE_PAIR = "This reading needs two: put one into the field “Sentence B”, or take an example."

WHAT = "What it is, and is not"
WHAT_ROWS = (
    "In training half of the Bs really came next, half were taken at random from another text.",
    "So a B on another topic is easy to refuse, and a B on the same topic is easily believed, in "
    "whatever order. Swap them and see.",
    "Later models dropped it without loss (RoBERTa, Liu et al. 2019) or asked for the order "
    "instead (ALBERT, Lan et al. 2020).",
)

COLUMNS = ("answer", "probability", "logit")

HOW = """
- The state of [CLS] after the last layer goes through the **pooler** (a layer with tanh) and
  then to two numbers, the **logits**: one for IsNext, one for NotNext.
- Softmax makes probabilities of them: only their difference counts. A difference of 0 is 50 %.
- The two sentences are told apart by their segment (0 or 1) and by [SEP].
- Devlin et al. 2018, *BERT*, section 3.1, task 2.
"""
