"""Streamlit without its one question to the internet: `python -m launcher.app_server run app.py`.

When a page of another site knocks, Streamlit fetches this machine's public address from
checkip.amazonaws.com, to see whether the page came from there; no setting keeps it from asking.
"""

from streamlit import net_util
from streamlit.web import cli


def no_address() -> "str | None":
    """Stands in for `net_util.get_external_ip`: nobody is asked, so no public address is known."""
    return None


if __name__ == "__main__":
    net_util.get_external_ip = no_address
    cli.main(prog_name="streamlit")
