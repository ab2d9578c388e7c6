"""The parts of the masked-words page."""
