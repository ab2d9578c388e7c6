"""What the questions under the attention picture say."""

TITLE = "Ask the heads"
STUDIES = {
    "none": "nothing",
    "links": "which head links two words?",
    "many": "over many texts",
    "flow": "values and layers",
    "alike": "which heads are alike?",
    "compare": "against another text",
}

LINK_FIRST = "Press the word that looks, in the strip above: a pronoun, for example."
LINK_SECOND = "“{word}” looks. Now press the word it may be linked to."
LINK_SAME = "Both are the same word, “{word}”. Press another one that it may be linked to."
LINK = "Head {head} links “{query}” to “{key}” most"
LINK_SHARE = "{share} of its attention"
LINK_BARS = "Heads by the weight from the one word to the other; press one to open it."
LINK_ROLE = "Head {head} {role}. Press a bar to open its head."
OPEN_HEAD = "Open head {head}"
LINK_OPEN = "Press a bar to open its head."
LINK_COLUMNS = ("rank", "layer", "head", "weight")
ANYWAY = "How often would some head do so anyway?"
ANYWAY_QUIET = "other pairs of words, the second {count} {side} the first"
SIDES = {"after": "after", "before": "before"}
HERE = "in this text"
HUNDRED = "in a hundred texts"
PAIRS = "{reaching} of {pairs} pairs"
NO_PAIRS = "no other pair"
ANYWAY_NOTE = (
    "The share of pairs for which the best of all {heads} heads reaches at least this weight. If "
    "it is large, that a head links these two says little."
)

READING_TEXTS = "reading text {done} of {total}"

SET = "Which texts"
SETS = {"hundred": "the bundled hundred", "own": "my own list"}
PASTE = "One text a line; a tab between two sentences"
UPLOAD = "or a text file"
START = "Read them"
MANY = "{name} {role}"
MANY_QUIET = "over {texts} texts"
MANY_STABLE = "stable, the same in {share} of the texts"
MANY_UNSTABLE = "not stable, so in only {share} of the texts"
MANY_NONE = "has no role that holds over the texts"
MANY_ROW = "{mean} ± {half}"
MANY_NOTE = "Mean over the texts, with its 95 % interval."
MANY_COLUMNS = ("layer", "head", "measure", "mean", "± 95 %", "chance", "texts")
MANY_ROLES = "{count} of {heads} heads have a role that holds"

RAW = "Attention"
NORMS = "Weighted by values"
ROLLOUT = "Rollout"
ROLLOUT_QUIET = "layers 1 to {layer}, all heads"
FLOW_COLUMNS = (
    "query",
    "query token",
    "key",
    "key token",
    "attention",
    "weighted by values",
    "rollout",
)
FLOW_NOTE = (
    "Weighted by values: the length of what each token hands over, ‖weight × value, projected‖, as "
    "a share of its row (Kobayashi et al. 2020): a token with a small value counts for little, "
    "however much it is looked at. Rollout: how much of each input token has reached this layer, "
    "if every layer passes on half of what it got unchanged (Abnar and Zuidema 2020)."
)

ALIKE_ASK = "Compares the maps of all {count} heads, each with each."
ALIKE_START = "Compare all heads"
ALIKE_RUNNING = "comparing heads"
ALIKE = "Heads {first} and {second} are most alike"
ALIKE_QUIET = "distance {distance:.2f} (0 the same, 1 nothing in common)"
ALIKE_HOVER = "%{y} and %{x}: <b>%{z:.2f}</b>"
ALIKE_COLUMNS = ("head", "other head", "distance")
ALT = "Distance between each two heads, like heads side by side."
ALIKE_NOTE = (
    "Jensen-Shannon distance between their maps, mean over the tokens (Clark et al. 2019, section "
    "6); dark is alike. Like heads stand side by side."
)

PIN = "Pin this text"
PIN_ASK = "Pin the text, then type another: what changed in which head is shown here."
PINNED = "Pinned: {text}"
PIN_TYPE = "Now change the sentence above."
ALIGNED = "side by side:"
UNALIGNED = "{count} tokens have no partner and are left out"
CHANGED = "Heads that changed most"
CHANGED_QUIET = "how much of a row moved, mean over the tokens"
CHANGE_OF = "What changed in {name}"
CHANGE_QUIET = "new text minus pinned"
ALL_CHANGES = "All heads, the most changed first"
ALL_CHANGES_QUIET = "new text minus pinned"
COMPARE_COLUMNS = ("layer", "head", "change")
SCALE = (
    "Green is more than in the pinned text, pink less; full colour is {most} points, the largest."
)
