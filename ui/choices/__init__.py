"""What a visitor chooses on each page beside what all pages share: one file a page."""
