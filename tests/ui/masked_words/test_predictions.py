"""What the page says of several masks."""

from dataclasses import replace

from bert_core.figures.labels import percent
from bert_core.masked_words.predict import predict_masked
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from ui.masked_words.predictions import mask_labels


def test_masks_of_one_word_and_one_guess_are_told_apart_by_their_places(embedded: Bert) -> None:
    encoding = encode(embedded, "the cat saw the dog", None, [1, 2, 4])
    first, other, _ = predict_masked(embedded, run_bert(embedded, encoding, ()), 3)
    again = replace(first, position=4)
    said = f"the → {first.pieces[0]} {percent(float(first.probabilities[0]))}"
    labels = mask_labels(encoding, [first, other, again])
    assert labels.keys() == {1, 2, 4}
    assert (labels[1], labels[4]) == (f"{said} (token 1)", f"{said} (token 4)")
    assert labels[2] == f"cat → {other.pieces[0]} {percent(float(other.probabilities[0]))}"
