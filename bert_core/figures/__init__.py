"""Arrays to plotly figures. Nothing here imports torch or streamlit, or displays anything.

attention_map: one head as a heatmap: query rows, key columns
axes: what figures share: titles and ticks of axes, labels beside lines that do not overlap
bars: shares as horizontal bars, the largest on top
calibration: what probabilities are worth, and counts beside what is expected of them
head_tiles: one number of every head, as a tile for each: layers down, heads across
labels: numbers and tokens as they stand in figures and on paper
layer_lines: lines from the embeddings up: probabilities, ranks, or any one number for each layer
layout: what all figures have in common: no frame, no grid, the page's type and colours
lens: what the masked-word head says after every layer, as a table of words
losses: a run's losses, and how a long noisy line of them is made short for the eye
next_sentence: all pairs of sentences, shares with intervals, changes about zero
pretraining: how a BERT learns: its losses step by step, and what it says at one blank as it learns
pretraining_snapshots: what a BERT says at one blank as it learns, and what it has made of positions
query_key: how one row of attention is made: the query, every key, their products, and what follows
thumbnails: attention maps small enough to send all of them at once
training_scale: what it took to train each of a few models, side by side on one logarithmic axis
vocabulary: every word of the vocabulary at its probability in one sentence and in the other
waffle: a base rate without a formula: so many little squares, of which so many are dark
"""
