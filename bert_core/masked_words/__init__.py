"""What BERT expects behind a mask, and how probable it finds a text.

beam: filling masks with a beam: the fillings that stay among the best at every step
blanks: one blank in two sentences, over the whole vocabulary
filling: choosing pieces for masks: what may stand there, how probable each is, what a filling is
first: which guesses come first, and where what is written is among them
head: the masked-word head: which pieces the model finds likely, from states of the encoder
joint: several masks filled jointly: all at once, or one after another
likelihood: pseudo-log-likelihood of sentences, by two methods
minimal_pairs: which of two sentences is the more probable, and how often
predict: what BERT expects behind a mask
scores: how probable a sentence was found: the shares of its tokens, their sum, and means of it
several_pieces: words of several pieces behind one mask
surprisal: what is expected at each token masked alone, and each word's surprisal
targets: only the words that were asked for: "he, she, they" behind one mask
training: what the model answers at the tokens that a draw of pretraining's masks chose
writing: writing guesses into the text, as somebody would type them
"""
