"""How to read each question's picture on the attention page. Markdown of our own."""

LINKS = """
- Each head gives the first word's attention to all tokens, 100 % together; the bar is the part that
  goes to the second word. Pieces of a word are added where they are looked at, averaged where they
  look.
- With this many heads, one of them links nearly any two words. So the strongest is held against the
  strongest head of every other pair of words as far apart, in texts as long as this one.
- Each square is one such pair; dark ones have a head that gives at least as much. The numbers in
  brackets are where the share may truly lie (95 %, Wilson 1927; pairs count as independent).
- "Says something" means: surely fewer than a tenth of the pairs have such a head.
- Clark et al. 2019, *What Does BERT Look At?*, section 4, hold heads against a fixed distance too.
"""
MANY = """
- The open head was measured in every text of the set; the mean stands beside its 95 % interval.
- Chance is what even attention would get, or, where that is more, what the head's habit of looking
  so far ahead or back gets, whatever stands there.
- A role is stable where it stands out from chance even at the lower end of its interval; beside it
  stands in what part of the texts the head has it.
- What a head does in one sentence may be chance; what it does in a hundred is a habit.
- Clark et al. 2019, *What Does BERT Look At?*, section 3.
"""
FLOW = """
- Left: the attention of the open head. Middle: how long the vector is that each token really hands
  over (weight × value, projected), as a share of its row: a token with a small value counts for
  little, however much it is looked at (Kobayashi et al. 2020).
- Many heads rest on [CLS] and [SEP] and take almost nothing from there.
- Right: rollout, how much of each input token has reached this layer, if every layer passes on half
  of what it got unchanged (Abnar and Zuidema 2020).
- Rows are the tokens that look, columns where they look; each row sums to 100 %.
- None of the three says why the model decides as it does.
"""
ALIKE = """
- The maps of each two heads are compared row by row: Jensen-Shannon distance, mean over the tokens;
  0 is the same, 1 nothing in common.
- Like heads stand side by side, and dark is alike: dark blocks are families of heads.
- Heads of one layer are often alike, above all those that rest on [SEP].
- The distances are of this text alone.
- Clark et al. 2019, *What Does BERT Look At?*, section 6.
"""
COMPARE = """
- The tokens of both texts are laid side by side; what has no partner is left out.
- A head's bar says how much of a row of its map moved to other tokens, mean over the tokens: 0 %
  where nothing changed, 100 % where the two rows have nothing in common.
- Green is more attention than in the pinned text, pink less.
- A changed word changes every later layer: look for heads that changed far more than the others.
- The pinned text stays until another one is pinned; it is part of the link.
"""
