"""Serves the app: its address, its port, its environment, and the browser that opens it."""

import argparse
import errno
import os
import socket
import sys
import threading
import time
import webbrowser

from launcher.commands import StartError, run_until_ended, say
from launcher.gate import HOSTS

LOCAL, EVERYWHERE = ("localhost", "127.0.0.1", "::1"), ("0.0.0.0", "::")


def public_name(host: str) -> str:
    """What a browser is told to open; for "every address" the one in the local network."""
    if host not in EVERYWHERE:
        return "localhost" if host in LOCAL else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: picks a route, sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def check_port(host: str, port: int) -> None:
    """Raise StartError where the app could not listen."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        if os.name != "nt":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except (OSError, OverflowError) as error:
            template = "The app cannot listen on %s, port %d (%s): give another --host or --port."
            sentence = template % (host, port, getattr(error, "strerror", None) or error)
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                template = "Port %d is in use, perhaps by a BERT Lens that runs already: "
                sentence = template % port + "give another, for example --port %d" % (port + 1)
            raise StartError(sentence) from None


def app_environment(
    host: str, allow_other_models: bool, names: "tuple[str, ...]" = ()
) -> "dict[str, str]":
    """The environment of the app; a choice about other models that is already there stays.

    names: under which it may be asked, beside this machine's own.
    """
    env = dict(os.environ, HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")
    # torch's threads sleep while they wait for each other; spinning, they would keep the cores from
    # the browser and from other visitors.
    env.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    env["STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE"] = "true"
    env[HOSTS] = ",".join(filter(None, (env.get(HOSTS), host, *names)))
    if host not in LOCAL:
        env.setdefault("BERT_LENS_OTHER_MODELS", "1" if allow_other_models else "0")
    return env


def open_browser(host: str, port: int, url: str) -> None:
    """Open the browser once the app answers; without a screen, do nothing."""
    if sys.platform == "linux" and not (os.getenv("DISPLAY") or os.getenv("WAYLAND_DISPLAY")):
        return
    for _ in range(300):
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            webbrowser.open(url)
            return


def serve(options: argparse.Namespace) -> int:
    """Run the app until it ends or Ctrl-C ends it."""
    host, port, name = options.host, options.port, public_name(options.host)
    url = "http://%s:%d" % ("[%s]" % name if ":" in name else name, port)
    env = app_environment(host, options.allow_other_models, (name, *options.allow_host))
    say("BERT Lens is at %s (Ctrl-C ends it)" % url)
    if host not in LOCAL:
        say("Everyone in this network can open that address.")
        if env["BERT_LENS_OTHER_MODELS"].lower() in ("0", "false", "no", "off"):
            say("Fields for other models are off; --allow-other-models turns them on.")
    if not options.no_browser:
        place = ("localhost" if host in EVERYWHERE else host, port, url)
        threading.Thread(target=open_browser, args=place, daemon=True).start()
    # Without browser.serverAddress a headless server asks the internet for its own address.
    flags = ["--server.headless=true", "--server.address=" + host, "--server.port=%d" % port]
    flags.append("--browser.serverAddress=" + name)
    return run_until_ended(["launcher.app_server", "run", "app.py", *flags], env)
