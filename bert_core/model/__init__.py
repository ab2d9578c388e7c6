"""A checkpoint as a model, a text as pieces, and one run of the one over the other.

bert: `load_bert`: a checkpoint, wherever it is, as a model that is ready to be read
checkpoints: where a checkpoint comes from, and which ones are refused
configuration: what config.json says of a BERT, held to what a BERT can be
cuts: how many words of a text became how many pieces
files: text and JSON out of a checkpoint, bounded
inference: one forward pass, and everything it leaves behind
mask_states: the last state at a few tokens of many inputs: what the masked-word head reads
pickles: the tensors of a checkpoint whose weights are a pickle, and nothing else of it
tokenization: text to WordPieces: `encode`, and what it keeps about where each piece came from
weights: what the weight files hold, read off their headers
wordpiece: a checkpoint's WordPiece tokenizer: read from its files, and asked for pieces
wordpiece_trace: how WordPiece cuts one word: greedy, longest piece first, step by step
"""
