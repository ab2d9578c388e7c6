"""How to read each tab of the next-sentence page; the first one's is beside its other words."""

HOW = {
    "candidates": """
- Each line is read as B after the page's A; the bar is the **probability** of IsNext.
- **Difference** is the logit of IsNext less that of NotNext. 0 is undecided.
- It still tells candidates apart where all probabilities are near 100 %.
- A press on a bar reads that candidate above; Undo brings the old B back.
- Devlin et al. 2018, *BERT*, section 3.1, task 2.
""",
    "order": """
- Each cell: how probable it is that the column's sentence follows the row's.
- Solid frames are the **true neighbours**, dotted ones those of the order that it likes best.
- An order's **score** is the sum of ln P(IsNext) over its neighbours; 0 is the most it can be.
- **Kendall's tau** compares two orders: 1 is the same, −1 is reversed, 0 is by chance.
- Lan et al. 2020, *ALBERT*, section 3.1: this head hardly knows the order of sentences.
""",
    "why": """
- Each part is left out, or masked, **alone**, and the pair is read again.
- A bar says what the difference of the two logits changes by without that part.
- To the left: the part spoke for IsNext. To the right: it spoke against it.
- Two words that say the same cover for each other, so that neither seems to matter.
- Li, Monroe and Jurafsky 2016, *Understanding Neural Networks through Representation Erasure*.
""",
    "test": """
- Left, your own pair, changed in ways that keep the **topic** or keep the **order**.
- A head that goes by order refuses swapped and shuffled pairs.
- A head that goes by topic refuses only a B from another text.
- Right, the same for many bundled pairs, with 95 % intervals from drawing whole texts again.
- Lan et al. 2020, *ALBERT*, section 3.1.
""",
    "layers": """
- Pooler and head are put on the state of [CLS] after **every layer**.
- They were trained on the last layer only; below it this is a way to look.
- At “emb.” [CLS] has seen no word yet: that value is the same for every pair.
- The line's last point is the answer in the first tab.
- nostalgebraist 2020, *Interpreting GPT: the logit lens*.
""",
    "layout": """
- A and B are **one input**; [SEP] and the segment (0 or 1) tell them apart.
- The **pooled** vector is the state of [CLS] after one more layer, with tanh: between −1 and 1.
- Each of its numbers times a weight, added up, plus a bias, makes a **logit**.
- Green adds to an answer, pink takes away from it.
- Devlin et al. 2018, *BERT*, figure 2 and section 3.1.
""",
}
