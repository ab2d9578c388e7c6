"""The parts of the tokenization page."""
