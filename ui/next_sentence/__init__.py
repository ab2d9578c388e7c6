"""The parts of the next-sentence page."""
