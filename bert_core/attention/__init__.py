"""What the heads look at: weights read, measured, linked, compared and rolled out.

arcs: what a picture of lines from token to token shows: pieces or words, which of them, which lines
comparison: two inputs side by side: which tokens answer to each other, and which heads changed
links: which head links two tokens or words, and how often some head does so by chance
maps: reading attention weights: numpy in, labelled results out
measures: what each attention head looks at, as numbers with what chance would give beside them
norms: attention weighed by what it moves: the length of each vector that a head adds to a token
query_key: why a head attends where it does: a query, its keys, and the products of their numbers
roles: the one thing that a head mostly does, where there is one: a rule over its measures
rollout: attention multiplied through the layers, down to the input tokens
similarity: distances between heads, and an order that puts like ones together
summary: heads over many texts: means, intervals, lasting roles
"""
