"""Starts BERT Lens: makes `.venv`, installs what is pinned, runs the app or its tests.

    python3 run.py             the app, on this machine only, in the browser
    python3 run.py test [...]  the whole test suite; what follows `test` goes to pytest

Standard library only. Annotations stay quoted and the syntax old, so that a Python which cannot
run the app can still read this file and say so.
"""

import argparse
import errno
import hashlib
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PYTHONS = ("3.11", "3.12", "3.13")
TORCH, UV = "2.13.0", "uv==0.13.8"
LOCAL, EVERYWHERE = ("localhost", "127.0.0.1", "::1"), ("0.0.0.0", "::")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN = ("chromium", "fonts-noto-cjk", "fonts-noto-color-emoji")
# The files an install depends on; the last one is what pip is given.
PINS = {
    "app": ["requirements-cuda.txt", "requirements.txt"],
    "test": ["requirements-cuda.txt", "requirements.txt", "requirements-dev.txt"],
}
# GB to fetch, GB on disk: the pinned wheels' own sizes, and .venv measured after real installs on
# x86-64 Linux, November 2026. "cuda": torch 0.53 GB, NVIDIA's libraries 2.01 GB, triton 0.20 GB
# (4.7 GB unpacked). "cpu" and "uv": torch 0.19 GB (0.7 GB unpacked). "test" comes on top.
SIZES = {"cpu": (0.4, 1.7), "cuda": (2.9, 5.7), "kept": (0.2, 0.9), "test": (0.1, 0.3)}
SIZES["uv"] = SIZES["cpu"]
REASONS = (
    (
        r"No space left|Errno 28|not enough space|os error 28",
        "The disk is full: free some space (the app needs 1.7 GB) and start again.",
    ),
    (
        r"NewConnectionError|NameResolution|Connect ?Timeout|Read ?Timeout|ProxyError"
        r"|Read timed out|Failed to establish|name resolution|getaddrinfo|Network is unreachable"
        r"|Failed to fetch|Connection (refused|reset)|dns error|error sending|tcp connect error",
        "{doing} needs the network and nothing answered: connect this machine (or set the proxy "
        "it needs) and start again; what is done is kept.",
    ),
    (
        r"Permission denied|Errno 13|Read-only file system|Errno 30|Access is denied",
        "{doing} is not allowed to write in {root}: start as a user who is, or copy the folder.",
    ),
    (
        r"ensurepip|No module named '?venv",
        "This Python cannot make a virtual environment: install what it lacks (on Debian and "
        "Ubuntu: sudo apt-get install python3-venv) and start again.",
    ),
)


class StartError(Exception):
    """What kept the start from going on, in one sentence that says what to do."""


def say(text: str) -> None:
    print(text, flush=True)


def ask(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a short command out of sight; both its outputs end up in `stdout`."""
    pipe = subprocess.PIPE
    return subprocess.run(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, check=False)


def explain(output: str, doing: str) -> str:
    """Say in one sentence why an installer failed, from what it wrote."""
    for pattern, sentence in REASONS:
        if re.search(pattern, output, re.IGNORECASE):
            return sentence.format(doing=doing, root=ROOT)
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no reason given"]
    reason = ([line for line in lines if line.lower().startswith("error")] or lines)[-1][:300]
    return "%s failed (%s): start again, and report it if it comes back." % (doing, reason)


def call(command: "list[str]", doing: str) -> None:
    """Run an installer: its progress stays visible, its complaint becomes one sentence."""
    result = subprocess.run(command, cwd=str(ROOT), stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise StartError(explain(result.stderr, doing))


def check_python(version: "tuple[int, int]", mac: str = "") -> None:
    """Raise StartError where the pins have no build for this Python, or this Mac's processor."""
    if "%d.%d" % version not in PYTHONS:
        raise StartError(
            "BERT Lens needs Python 3.11, 3.12 or 3.13 and this is %d.%d: install one of them "
            "and start with it, for example: python3.12 run.py" % version
        )
    if mac == "x86_64":
        raise StartError(
            "torch %s has no build for Intel Macs: use another machine, or on Apple silicon a "
            "Python made for it." % TORCH
        )


def venv_version() -> str:
    """The version of the Python in .venv, such as 3.11; empty where there is none."""
    config = VENV / "pyvenv.cfg"
    text = config.read_text(encoding="utf-8") if config.exists() and PYTHON.exists() else ""
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", text, re.MULTILINE)
    return found.group(1) if found else ""


def stamp_for(kind: str) -> str:
    """What the stamp of a finished install holds: a hash of the pins and the Python version."""
    pins = b"".join((ROOT / name).read_bytes() for name in PINS[kind])
    return hashlib.sha256(pins + venv_version().encode()).hexdigest()


def is_ready(kind: str) -> bool:
    """True if this very install was finished: then a start installs nothing."""
    stamp = VENV / (".installed-" + kind)
    return bool(venv_version()) and stamp.exists() and stamp.read_text() == stamp_for(kind)


def outer_torch() -> str:
    """The folder of a fitting torch that the Python running this file has; empty without."""
    from importlib import metadata

    try:
        torch = metadata.distribution("torch")
    except metadata.PackageNotFoundError:
        return ""
    return str(torch.locate_file("")) if torch.version.split("+")[0] == TORCH else ""


def site_packages() -> "list[Path]":
    return [*VENV.glob("lib/python*/site-packages"), *VENV.glob("Lib/site-packages")][:1]


def make_venv() -> None:
    """Make .venv anew; a fitting torch of the Python that runs this is shared with it."""
    if Path(sys.prefix) == VENV:
        raise StartError("The folder .venv is damaged: start with a Python from outside it.")
    say("Making the virtual environment .venv ...")
    torch, inside_a_venv = outer_torch(), sys.prefix != sys.base_prefix
    if torch:
        say("torch %s is already in %s and is used as it is." % (TORCH, torch))
    share = ["--system-site-packages"] if torch and not inside_a_venv else []
    result = ask(sys.executable, "-m", "venv", "--clear", *share, str(VENV))
    if result.returncode:  # ensurepip does not pass on that the disk is full
        full = "No space left" if shutil.disk_usage(str(ROOT)).free < 50e6 else ""
        raise StartError(explain(full or result.stdout, "Making .venv"))
    for folder in site_packages() if torch and inside_a_venv else []:
        (folder / "bert_lens_shared.pth").write_text(torch + "\n")


def is_whole(info: Path) -> bool:
    """True if every file that a package's RECORD lists is there in its full size."""
    try:
        for row in (info / "RECORD").read_text(encoding="utf-8").splitlines():
            name, _, size = row.rsplit(",", 2)
            if size and (info.parent / name.strip('"')).stat().st_size != int(size):
                return False
    except (OSError, ValueError):
        return False
    return True


def forget_half_installed() -> None:
    """Hide from pip what a cut-off install left half written, so that it installs it again."""
    for info in [info for folder in site_packages() for info in folder.glob("*.dist-info")]:
        if not is_whole(info):
            shutil.rmtree(str(info))


def which_torch(cpu: bool) -> str:
    """Where torch will come from: "kept" (not fetched), "cpu" or "cuda" (by pip), "uv" (CPU)."""
    have = [t for folder in site_packages() for t in folder.glob("torch-%s*.dist-info" % TORCH)]
    if have or outer_torch():
        if cpu and sys.platform == "linux":
            say("A torch that fits is already here and is kept.")
        return "kept"
    if sys.platform != "linux":
        return "cpu"
    offers = ask(str(PYTHON), "-m", "pip", "index", "versions", "torch", "--retries", "2")
    if offers.returncode and re.search(REASONS[1][0], offers.stdout, re.IGNORECASE):
        raise StartError(explain(offers.stdout, "Installing"))
    if TORCH + "+cpu" in offers.stdout:  # pip prefers it where an index or a folder offers it
        return "cpu"
    return "uv" if cpu else "cuda"


def announce(build: str, kind: str) -> None:
    """Say how much will be fetched, before it is; refuse where it cannot fit."""
    more = SIZES["test"] if kind == "test" else (0.0, 0.0)
    fetch, disk = SIZES[build][0] + more[0], SIZES[build][1] + more[1]
    say("Installing, once only: up to %.1f GB to fetch, %.1f GB on disk." % (fetch, disk))
    if build == "cuda":
        say("Most of it is torch for NVIDIA cards (CUDA): 2.7 GB to fetch, 4.7 GB on disk.")
        say("No such card? Press Ctrl-C, then: python3 run.py --cpu (0.4 GB to fetch in all).")
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    if free < disk and build != "kept":
        hint = ", or use the CPU build: python3 run.py --cpu" if build == "cuda" else ""
        template = "The disk has %.1f GB free and the install needs %.1f GB: free some space%s."
        raise StartError(template % (free, disk, hint))


def fetch_cpu_torch() -> None:
    """Install torch's CPU build with uv, which knows where it is kept."""
    python = str(PYTHON)
    call([python, "-m", "pip", "install", "--retries", "2", UV], "Installing uv")
    say("Fetching torch's CPU build (0.2 GB) ...")
    command = [python, "-m", "uv", "pip", "install", "--python", python, "--no-deps"]
    call([*command, "--torch-backend", "cpu", "torch==" + TORCH], "Installing torch's CPU build")


def install(kind: str, cpu: bool) -> None:
    """Bring .venv to what the pins ask for; whatever is already there and fits stays."""
    if is_ready(kind):
        return
    if venv_version() in PYTHONS and ask(str(PYTHON), "-m", "pip", "--version").returncode == 0:
        forget_half_installed()
    else:
        make_venv()
    build = which_torch(cpu)
    announce(build, kind)
    if build == "uv":
        fetch_cpu_torch()
    pip = [str(PYTHON), "-m", "pip", "install", "--no-input", "--retries", "2"]
    call([*pip, "-r", PINS[kind][-1]], "Installing")
    for done in PINS if kind == "test" else (kind,):
        (VENV / (".installed-" + done)).write_text(stamp_for(done))


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


def app_environment(host: str, allow_other_models: bool) -> "dict[str, str]":
    """The environment of the app; a choice about other models that is already there stays."""
    env = dict(os.environ, HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")
    env["STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE"] = "true"
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


def run_until_ended(command: "list[str]", env: "dict[str, str]") -> int:
    """Run a child in the foreground; Ctrl-C (or SIGTERM) ends it too, and quietly."""
    child = subprocess.Popen([str(PYTHON), "-m", *command], cwd=str(ROOT), env=env)
    try:
        return child.wait()
    except KeyboardInterrupt:  # a terminal's Ctrl-C has reached the child as well
        for end in (child.terminate, child.kill):
            try:
                child.wait(timeout=2)
            except subprocess.TimeoutExpired:
                end()
        return 130


def serve(options: argparse.Namespace) -> int:
    """Run the app until it ends or Ctrl-C ends it."""
    host, port, name = options.host, options.port, public_name(options.host)
    url = "http://%s:%d" % ("[%s]" % name if ":" in name else name, port)
    env = app_environment(host, options.allow_other_models)
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
    return run_until_ended(["streamlit", "run", "app.py", *flags], env)


def find_chromium() -> "str | None":
    """The browser for the browser tests: BERT_LENS_CHROMIUM, or else one on PATH."""
    names = [os.environ["BERT_LENS_CHROMIUM"]] if "BERT_LENS_CHROMIUM" in os.environ else BROWSERS
    return next((path for path in map(shutil.which, names) if path), None)


def ensure_chromium() -> str:
    """The path of a Chromium, installed from Debian's packages if need be."""
    found, apt, sudo = find_chromium(), shutil.which("apt-get"), shutil.which("sudo")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    may_install = root or (sudo and ask(sudo, "-n", "true").returncode == 0)
    if not found and apt and may_install and "BERT_LENS_CHROMIUM" not in os.environ:
        say("Installing %s for the browser tests ..." % ", ".join(DEBIAN))
        command = [apt] if root else [str(sudo), "-n", apt]
        call([*command, "-q", "update"], "Reading Debian's list of packages")
        call([*command, "-q", "-y", "install", *DEBIAN], "Installing Chromium")
        found = find_chromium()
    if not found:
        raise StartError(
            "No test was run: the browser tests need Chromium, none was found and none can be "
            "installed from here; install it, or name it in BERT_LENS_CHROMIUM, and start again."
        )
    return found


def read_options(arguments: "list[str]") -> argparse.Namespace:
    """The options; `tests` is what follows the word test, or None where the app is meant."""
    parser = argparse.ArgumentParser(
        prog="run.py", description="Start BERT Lens, or its tests: run.py test [pytest arguments]"
    )
    parser.add_argument("--port", type=int, default=8501, help="8501 if not given")
    parser.add_argument("--host", default="localhost", help="0.0.0.0 lets a class in")
    parser.add_argument("--no-browser", action="store_true", help="open no browser")
    parser.add_argument("--cpu", action="store_true", help="on Linux: torch without CUDA")
    others = "with --host: visitors may name folders and models of the hub"
    parser.add_argument("--allow-other-models", action="store_true", help=others)
    cut = arguments.index("test") if "test" in arguments else len(arguments)
    options = parser.parse_args(arguments[:cut])
    options.tests = arguments[cut + 1 :] if cut < len(arguments) else None
    return options


def start(arguments: "list[str]") -> int:
    """Install what is missing, then run the app or the tests."""
    options = read_options(arguments)
    if options.tests is None:
        check_port(options.host, options.port)
        install("app", options.cpu)
        return serve(options)
    install("test", options.cpu)
    env = dict(app_environment("localhost", False), BERT_LENS_CHROMIUM=ensure_chromium())
    return run_until_ended(["pytest", *options.tests], env)


def main(arguments: "list[str]") -> int:
    """Return the exit code; whatever goes wrong is one sentence, never a traceback."""
    try:
        check_python(sys.version_info[:2], platform.machine() if sys.platform == "darwin" else "")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return start(arguments)
    except KeyboardInterrupt:
        return 130
    except StartError as error:
        sentence = str(error)
    except OSError as error:
        sentence = explain(str(error), "BERT Lens")
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
