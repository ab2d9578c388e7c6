"""One model for many who ask: queues, batches, caches, and long work.

batching: which of the waiting inputs run together: like lengths, bounded in bytes and in seconds
engine: many who ask, one model: a queue in front of `run_batch`
job: work that takes longer than a page may: it goes on in a thread, and tells how far it is
registry: the engines of one server: each model loaded once, all of them within a limit of bytes
run_cache: a cache of runs that is bounded in bytes, for the Engine, which holds the lock
runner: how an analysis gets the many runs it needs: in this thread, or behind an engine's visitors
scan: many inputs, one small result of each: work that goes on while pages come and go
waiting: what waits in an Engine and what runs: requests, joined where their inputs are equal
"""
