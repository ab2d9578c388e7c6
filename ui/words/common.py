"""What every page says."""

BRAND = "BERT Lens"
HOME = "Home"
# Groups of pages
READ = "Read"
LOOK = "Look"
PREDICT = "Predict"
LEARN = "Learn"

SENTENCE_A = "Sentence A"
SENTENCE_B = "Sentence B, if you like"
EMPTY = "Type a sentence above. An example shows what happens with it."
CUT = (
    "The model reads {limit} tokens; what is struck through was left out. Shorten the text to "
    "have it read."
)
TOO_LONG = "The text was cut at {limit:,} characters; the model reads far less."
MASKS_DROPPED = "The text changed, so its masks were taken off."
MODEL_CHANGED = "The model changed, so the masks were taken off: its tokens may be others."
LINK_TOO_LONG = (
    "This text is too long for a link. Save the view as a file under “Take away” instead."
)

MODEL = "Model"
CHANGE_MODEL = "Change the model"
OTHER_MODEL = "Folder or hub name"
OTHER_MODEL_HELP = (
    "A BERT with safetensors: a folder on this machine, or a name such as bert-base-uncased, "
    "which is fetched once."
)
EMBEDDED_NOTE = "a small BERT of our own, not Google's"
CARD = "What it is, and is not"
NO_MLM = "without a masked-word head"
NO_NSP = "without a next-sentence head"
UNUSED_ONE = "one tensor of its file is not used: {name}"
UNUSED = "{count:,} tensors of its file are not used, such as {name}"
RAN = "{device} · {tokens} tokens · {milliseconds:.0f} ms"
LOADING = "Loading {model} …"
FETCHING = "Fetching {model}: {done:,} of {total:,} MB"
FALLBACK = "The embedded model is shown instead."
NO_LAB_MODEL = "The pretraining lab keeps this model no longer. Train one again, or bring its file."
NOT_ALLOWED = "This server does not load “{model}”. Choose one from the list."

TAKE_AWAY = "Take away"
PICTURES = {"png": "PNG", "svg": "SVG"}
CSV = "CSV"
JSON = "JSON"
LINK = "Link to this view"
LINK_HELP = "This address shows the same again."
SAVE = "Save the view"
OPEN = "Open a saved view"
NOT_A_VIEW = "This file is not a saved view of BERT Lens."
TABLE = "The numbers as a table"
HOW = "How to read this"

STOP = "Stop"
STOPPED = "Stopping."
PARTLY = "Stopped: {done} of {total} done."
AGAIN = "Do all of them"
