"""Makes `.venv` and installs what is pinned, once; a next start finishes what was cut off."""

import hashlib
import re
import shutil
import sys
from pathlib import Path

from launcher.commands import PYTHON, REASONS, ROOT, VENV, StartError, ask, call, explain, say

PYTHONS = ("3.11", "3.12", "3.13")
TORCH, UV = "2.13.0", "uv==0.13.8"
# The files an install depends on; the last one is what pip is given.
PINS = {
    "app": ["requirements-cuda.txt", "requirements.txt"],
    "test": ["requirements-cuda.txt", "requirements.txt", "requirements-dev.txt"],
}
# GB to fetch, GB on disk: the pinned wheels' own sizes, and .venv measured after real installs on
# x86-64 Linux, November 2026. "cuda": torch 0.53 GB, NVIDIA's libraries 2.01 GB, triton 0.20 GB
# (4.7 GB unpacked). "cpu" and "uv": torch 0.19 GB (0.7 GB unpacked). "test" comes on top.
SIZES = {"cpu": (0.4, 1.8), "cuda": (2.9, 5.8), "kept": (0.2, 1.0), "test": (0.1, 0.3)}
SIZES["uv"] = SIZES["cpu"]


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
