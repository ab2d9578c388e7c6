"""How to read what the tabs of the masked-words page show, by the name of the tab."""

HOW = {
    "none": """
- In training, 15 % of the pieces were hidden and BERT had to name them from both sides: **masked
  language modelling** (Devlin et al. 2018, section 3.1).
- A bar is the probability the model gives to one piece of its vocabulary; all of them sum to
  100 %. `##ing` continues the piece before it; in brackets is the word it would make.
- Dashed: what your text says there, with its rank among all pieces. A guess comes first if it has
  5 % or more and at most two others have nearly as much; otherwise nothing stands out.
- Point at a token: what BERT would expect there, each hidden alone. Several masks are guessed
  apart: each guess does not know what the others became.
- The bars in the strip are surprisal in bits, −log₂ of the probability of what is written: 1 bit is
  one of two, 10 bits one of a thousand. A word of several pieces is scored from left to right with
  the rest of it hidden too (Kauf and Ivanova 2023), since its pieces give each other away.
""",
    "layers": """
- The state of the token after every layer is handed to the head that names hidden words: the
  **logit lens** (nostalgebraist 2020).
- That head was trained on the last layer only. What it says of a lower one is a way to look, not
  what the model thinks there: directions turn from layer to layer (Belrose et al. 2023).
- The final answer is bold, and framed from the layer on where it stays first; layer 0 is the
  embeddings, which know the position and nothing of the sentence.
- Dashed in the chart: what your text says there. The upright line is the layer where the answer
  settles;
  the axis is logarithmic.
- Cosine: how far each state points the way the last one does. Undecided: entropy of the guesses in
  bits; 0 is certain, 14.9 is any of 30,522 pieces alike.
""",
    "joint": """
- “Each alone” is what BERT gives: no mask knows what the others become. One after another, each
  sees those before it. Beam search keeps the best few at every step, from left to right or in the
  chosen order.
- log P adds up what each piece had at the moment it was put in. BERT's answers form no joint
  distribution, so this depends on the order.
- PLL, the **pseudo-log-likelihood**, compares the ways: each token of the filled text is hidden in
  turn, and the logarithms of what it gets are added up (Salazar et al. 2020).
- A mask holds one piece. For longer words two or three masks stand in its place, filled from left
  to right.
- How many masks there are gives the length of the word away, so words of unlike lengths cannot be
  compared fairly.
""",
    "blank": """
- Every point is one word of the vocabulary: to the right if the first text expects it, up if the
  second does. On the diagonal both expect it alike.
- Named are the words with the largest shares of the **Jensen-Shannon divergence** of the two
  answers: 0 bits if they are the same, 1 if they have nothing in common.
- Axes are logarithmic. Far down to the left are words that neither would put there.
- Draw a frame round points to list their words, the most telling first.
- After PAIR's “What have language models learned?” (2021). What a model expects repeats its
  training text, prejudice included; it is no statement about people.
""",
    "rank": """
- **Pseudo-log-likelihood**: every token is hidden in turn, and the natural logarithms of the
  probabilities of what stands there are added up (Salazar et al. 2020). Nearer to 0 is better.
- Long sentences get less, so unlike lengths are compared by the mean of a token or of a word.
- Pieces of a word give each other away, unless the rest of the word is hidden too (Kauf and
  Ivanova 2023).
- The bars are what each token adds: the longest one is where the sentence surprises BERT most.
- Pairs: how often the first is more probable, with its 95 % interval (Wilson 1927). An interval
  about 50 % is what tossing a coin could give.
""",
    "targets": """
- Bars share out 100 % among these words, whatever else BERT expects; “of all” is what each has in
  the whole vocabulary.
- Log-odds: the natural logarithm of how many times as probable a word is as the one compared
  with; 0 is alike, 0.69 twice, 2.3 ten times.
- A word stands out if it has one and a half times as much as the next.
- Each word has to be one piece, since a mask holds one.
- Asked so first to find what BERT knows of grammar: is the right verb more probable than the wrong
  one? (Goldberg 2019).
""",
    "training": """
- In training 15 % of the tokens were chosen, and the model had to name what stood there (Devlin
  et al. 2018, section 3.1 and A.1).
- Of these 80 % became [MASK], 10 % a random piece, and 10 % stayed as they were: since the last two
  look like ordinary words, it cannot trust any word.
- The table has one row for each chosen token: what it became, what BERT says, what was written.
- Loss: −ln of the probability of what was written; the model learns from its mean.
- With whole words all pieces of a word are chosen together, as in Google's later models.
""",
    "calibration": """
- A model that says 30 % should be right in 30 of a hundred such guesses: then it is **calibrated**,
  and stands on the dashed line. Below the line it believes itself too much.
- Each point is the guesses of one range of confidence; bars below say how many there are.
- Upright lines are 95 % intervals, from drawing whole sentences again (bootstrap).
- Calibration error is the mean gap between saying and being right, by ranges (Guo et al. 2017).
  Chance keeps it above 0, so the page says what chance alone makes.
- One token of a bundled sentence is hidden at a time; a number holds for this model on these texts.
""",
}
