"""Finds the Chromium that the browser tests drive, or installs it."""

import os
import shutil

from launcher.commands import StartError, ask, call, say

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN = ("chromium", "fonts-noto-cjk", "fonts-noto-color-emoji")


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
