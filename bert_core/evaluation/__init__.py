"""How good a BERT is, and whether it is right as often as it says.

calibration: when BERT says 70 %, how often is it right? Its guesses behind the masks of many texts
evaluate: hidden words, next sentences, calibration error of any BERT
guesses: the guesses behind masks, and how they compare with what the text has there
questions: what a model is asked, drawn from the text alone
reliability: reliability, accuracy, calibration error, with intervals
"""
