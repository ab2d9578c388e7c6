"""The parts of the pretraining page."""
