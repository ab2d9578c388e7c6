"""What the reading of q and k says."""

TITLE = "Why “{query}” looks at “{key}” most"
TITLE_QUIET = "q · k = {score:.2f}, divided by √{root}, then softmax"
COLUMNS = ("q, and every k", "q × k", "÷ √d → softmax")
ALT = "Query of “{query}”, the key of each token, their products and the weights that follow."
DIMENSION = "dimension {number} ({product:+.2f})"
MADE_OF = "The score of “{key}” is made above all by {made_of}."
NOTE = (
    "Each token makes a query q and a key k; they are multiplied dimension by dimension (green "
    "above zero, pink below), added up, divided by √d, and softmax makes shares of the row."
)
GAP = "Worked out again from the model’s own vectors: within {gap:.0e} of the attention it used."
HIDDEN = "The {shown} tokens that get most are drawn; {hidden} more are in the table."
NUMBERS = "q · k, scaled, softmax, for every token"
NUMBER_COLUMNS = ("key", "q · k", "÷ √d", "softmax", "attention of the model")
