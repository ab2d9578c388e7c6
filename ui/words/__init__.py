"""All text on screen: one module for each page, and `common` for what every page has.

Texts with {names} are filled with `str.format`; counts are given as numbers.
"""
