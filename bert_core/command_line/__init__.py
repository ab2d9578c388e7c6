"""`python -m bert_core`: each command, and what it reads and writes.

console: what the command line reads from, writes to, and says beside it
convert: `python -m bert_core convert`: a checkpoint that is a pickle, as one that can be loaded
evaluate: `python -m bert_core evaluate`: how good one BERT is, or several beside each other
lines: what the commands of the command line answer to each line, in records that can be written
main: `python -m bert_core predict | score | rank`: many lines in, CSV or JSON Lines out
pretrain: `python -m bert_core pretrain`: a BERT of one's own from a folder of text
records: answers written one after another, as CSV (RFC 4180) or JSON Lines (https://jsonlines.org)
"""
