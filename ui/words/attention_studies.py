"""What the questions of the attention page say; `attention_links` has those of two words."""

READING_TEXTS = "reading text {done} of {total}"

SET = "Which texts"
SETS = {"hundred": "the bundled hundred", "own": "my own list"}
PASTE = "One text a line; a tab between two sentences"
UPLOAD = "or a text file"
START = "Read them"
MANY = "{name} {role}"
MANY_QUIET = "over {texts} texts"
MANY_STABLE = "stable, the same in {share} of the texts that have such tokens"
MANY_UNSTABLE = "not stable, so in only {share} of the texts"
MANY_NONE = "has no role that holds over the texts"
MANY_ROW = "{mean} ± {half}"
MANY_NOTE = "Mean over the texts, with its 95 % interval."
MANY_COLUMNS = ("layer", "head", "measure", "mean", "± 95 %", "chance", "texts")
MANY_ALL = "All {count}"
MANY_ALL_QUIET = "{name}, mean over the texts, to the power 0.55"
MANY_TILES = "All heads by the same measure; press one to open it."
MANY_TILE = "Open head {head}: {share}"
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
FLOW_LESS = "[CLS] and [SEP] get {looked} of the attention, but only {given} of what is handed over"
FLOW_MORE = "[CLS] and [SEP] get {looked} of the attention, and {given} of what is handed over"
FLOW_ALIKE = (
    "Values change little: [CLS] and [SEP] get {looked} of the attention, {given} of what is "
    "handed over"
)
FLOW_QUIET = "{name}, mean over the tokens"

ALIKE_RUNNING = "comparing heads"
ALIKE_AGAIN = "Compare them"
ALIKE = "Heads {first} and {second} are most alike"
ALIKE_NONE = "No two heads are alike: nearest are {first} and {second}"
ALIKE_QUIET = "distance {distance:.2f} (0 the same, 1 nothing in common)"
ALIKE_HOVER = "%{y} and %{x}: <b>%{z:.2f}</b>"
ALIKE_NEAREST = "The nearest"
ALIKE_PAIR = "{first} and {second}"
ALIKE_COLUMNS = ("head", "other head", "distance")
ALT = "Distance between each two heads, like heads side by side."
PIN = "Pin this text"
PIN_TITLE = "What changes with the words?"
PIN_ASK = "Pin the text, then type another: what changed in which head is shown here."
PINNED = "Pinned: {text}"
PIN_TYPE = "Now change the sentence above."
UNALIGNED = "{count} tokens have no partner and are left out"
CHANGED_MOST = "Head {head} changed most"
CHANGED_NONE = "No head changed: {head} most"
CHANGED_MOST_QUIET = "{change} of a row moved, mean over the tokens"
CHANGED = "Heads that changed most"
CHANGED_QUIET = "how much of a row moved"
CHANGE_OF = "What changed in {name}"
CHANGE_QUIET = "new text minus pinned"
OPEN_HEAD = "Show what changed in head {head}"
ALL_CHANGES = "All heads, the most changed first"
COMPARE_COLUMNS = ("layer", "head", "change")
SCALE = "green is more than pinned, pink less; full colour is {most} points"
