"""The pretraining lab: small BERTs that learn while somebody watches, each in its own process.

archive: a trained model as one file to take away, and back
folder: a run's folder, through which the process that trains and the one that shows it speak
learned: what a run has learned so far, measured against who knows only how often pieces occur
pretraining: what the lab asks the trainer for, and what is known of a run before its first step
process: a run of the lab, in a process of its own: `python -m bert_core.lab.process FOLDER`
roots: where servers keep the runs of their labs: a folder each, held while the server lives
server: all runs of a server: who trains, who waits, what ends
settings: what a run of the lab is: the size of its BERT, how it is trained, and what is watched
snapshot: what a BERT knows at one step of its training, so that somebody can look at it later
step_view: one batch as a reader sees it
"""
