"""Learning from text: corpus, examples, masks, steps, and what a run leaves.

batch_masks: `draw_masks` for a whole batch at once, a hundred times as fast a sequence
corpus: a folder of text as pieces on disk: cut once, read through the page cache ever after
counter_random: random numbers of seed, epoch and place, with no state
documents: documents, sentences, what is held out, bad files
examples: batches to learn from: [CLS] A [SEP] B [SEP], with tokens hidden, as arrays
feed: what a run learns from, batch by batch, made ahead in a thread while the model works
folder: checkpoints whole or not at all, and the log
held_out: figures on the documents held out
learner: pretraining BERT, the step itself: two losses, their gradients, and one step of AdamW
mask_counts: what BERT's masking does over many draws, beside what the rule lets one expect
masks: how BERT was trained to guess words: which tokens are chosen, and what becomes of each
pairs: which sentences stand together in an example: documents cut into pairs, A and B
recipe: the recipe of a pretraining run: every choice that changes what is learnt, and the schedule
result: what a run leaves: a model that `transformers` and this app load, and its card
setup: making ready for a run of pretraining: a new one in an empty folder, or one that was cut off
start: what a run starts from: a BERT from nothing, or one that was trained, and its tokenizer
train: a run of pretraining: from the text and the recipe to a model in a folder, step by step
vocabulary: a WordPiece vocabulary from a corpus
workers: the processes that share a run: one alone, or several through accelerate
"""
