"""Texts that ship, and lists that users bring.

cells: cells of CSV that spreadsheets show as text, and never run
hundred: sets of sentences: the hundred that ship, and lists that a user pastes
lists: lists that users paste or upload: one text, or one row of several, on each line
passages: passages of a wanted length, cut out of the texts that ship
"""
