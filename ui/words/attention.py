"""What the attention page says."""

TITLE = "Attention"
LEAD = (
    "Each square is one head: how much every token (row) takes from every other (column). "
    "Pick one to read it."
)

STRIP = (
    "Tokens of the sentence. Press one to look from it; press another with Shift to ask which head "
    "links the two."
)
TABS = {
    "none": "the heads",
    "links": "which head links two words?",
    "many": "over many texts",
    "flow": "values and layers",
    "alike": "which heads are alike?",
    "compare": "against another text",
}

ALL = "All heads"
ALL_QUIET = "{layers} layers × {heads} heads"
GRID = "Maps of all heads, layers down, heads across. Press one to open it."
MAP = "Attention of {name}: rows are the tokens that look, columns where they look."

SORT = "Order of the heads"
ALL_MEASURES = "all measures"
READING = "How to read it"
READINGS = {"map": "map", "arcs": "arcs", "qk": "q and k", "bertviz": "BertViz"}
ARCS = "Lines of {name}: from each token on the left to where it looks."
BLOCK = "Between which sentences"
BLOCKS = {"all": "all", "aa": "A → A", "ab": "A → B", "ba": "B → A", "bb": "B → B"}
HOLD = "lines: % of each row"
MERGE = "words instead of pieces"
MERGED = "Pieces of a word are added where they are looked at and averaged where they look."
BERTVIZ_VIEW = "BertViz’s view"
BERTVIZ_VIEWS = {"head": "head view", "model": "model view", "neuron": "neuron view"}
BERTVIZ_NOTE = "BertViz (Vig 2019) as it is, drawn here without a network."
NPZ = "npz"
HTML_ONE = "HTML of this head"
HTML_ALL = "HTML of all heads"
PYTHON = "Python"

AVERAGE = "What to show"
AVERAGES = {"head": "this head", "layer": "layer’s mean", "all": "mean of all"}
SPECIAL = "[CLS] and [SEP]"
SPECIALS = {"show": "all tokens", "hide": "no [CLS], [SEP]", "rest": "rest = 100 %"}
HIDDEN_NOTE = "[CLS] and [SEP] are hidden; the rows no longer sum to 100 %."
REST_NOTE = (
    "[CLS] and [SEP] are hidden and each row is divided by what is left: shares of the rest, not "
    "what the model used."
)
WITH_MASKS = "read with its masks"
COLOUR_NOTE = (
    "Colour goes by weight to the power 0.55, so that small weights show; the strongest is {most}."
)

FROM = "“{token}” attends to"
TO = "attends to “{token}”"
LOOK_NOTE = "Press a token in the strip to read its row and its column."
HOVER = "%{y} → %{x}<br><b>%{z:.2%}</b>"

COLUMNS = ("layer", "head", "query", "query token", "key", "key token", "weight")

HOW = """
- For each token (a **query**) a head shares out 100 % of its attention among all tokens
  (**keys**): a row of the map sums to 100 %.
- A head is a small part of a layer with weights of its own. BERT computes all heads of a layer
  side by side, and the layers one after another.
- Many heads look at a neighbour, at [SEP] or at themselves; [SEP] often means "nothing to do
  here" (Clark et al. 2019, *What Does BERT Look At?*).
- "Leans to" is weaker than "looks at": no single role, but this share is the furthest above chance.
- Attention says where information is read, not why the model decides as it does (Jain and Wallace
  2019; Wiegreffe and Pinter 2019).
- Vaswani et al. 2017, *Attention Is All You Need*, section 3.2.
"""
