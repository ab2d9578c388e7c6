"""Whether B follows A, why, and in which order sentences belong.

answer: what one answer of the head is worth: how often it is given wrongly
candidates: many second sentences at once: which of them follows A?
neighbours: pairs that follow, and pairs that only look so
order: the order of a paragraph's sentences, as the next-sentence head would have it
reasons: why B follows A, by asking again: without a token, and with another B
score: does B follow A? The next-sentence head of Devlin et al. 2018 (section 3.1, task 2)
"""
