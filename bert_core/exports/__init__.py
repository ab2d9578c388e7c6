"""What a visitor takes away: arrays, pages that work offline, Python code.

attention: attention as a numpy file, and as an HTML file that works offline
bertviz: BertViz's head, model and neuron views of a run, each as one page in a string
bertviz_page: the page around BertViz's drawing code: needs no network, and runs nobody's text
prediction_snippets: Python code that makes the predictions on screen again
snippets: Python code that reads the map on screen again
"""
