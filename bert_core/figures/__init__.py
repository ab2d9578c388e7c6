"""Arrays to plotly figures. Nothing here imports torch or streamlit, or displays anything."""
