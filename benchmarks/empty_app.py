"""A Streamlit page that does nothing: what every page costs before ours adds to it."""

import streamlit as st

st.text(st.text_input("Sentence A"))
