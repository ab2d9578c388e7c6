"""What Streamlit cannot draw or click: the token strip and the maps of all heads.

Each folder holds one component: its Python mount, its JavaScript and its CSS. In the browser they
tell one another which token is pointed at (shared/pointing.js), with no round trip to the server.
"""
