"""Finds the Chromium that the browser tests drive, or installs it."""

import os
import shutil

from launcher.commands import StartError, ask, call, say

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The same engine, without what draws a window: a page takes a quarter less of the processor's time.
# Tests take it where they can; benchmarks measure what people have.
WINDOWLESS = "chromium-headless-shell"
DEBIAN = (WINDOWLESS, "fonts-noto-cjk", "fonts-noto-color-emoji")


def find_chromium(names: "tuple[str, ...]" = (*BROWSERS, WINDOWLESS)) -> "str | None":
    """A browser that can be driven: BERT_LENS_CHROMIUM, or else the first of `names` on PATH."""
    if "BERT_LENS_CHROMIUM" in os.environ:
        names = (os.environ["BERT_LENS_CHROMIUM"],)
    return next((path for path in map(shutil.which, names) if path), None)


def find_for_tests() -> "str | None":
    """The browser for the browser tests."""
    return find_chromium((WINDOWLESS, *BROWSERS))


def ensure_chromium() -> str:
    """The path of a browser for the tests, installed from Debian's packages if need be."""
    found, apt, sudo = find_for_tests(), shutil.which("apt-get"), shutil.which("sudo")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    may_install = root or (sudo and ask(sudo, "-n", "true").returncode == 0)
    if not found and apt and may_install and "BERT_LENS_CHROMIUM" not in os.environ:
        say("Installing %s for the browser tests ..." % ", ".join(DEBIAN))
        command = [apt] if root else [str(sudo), "-n", apt]
        call([*command, "-q", "update"], "Reading Debian's list of packages")
        call([*command, "-q", "-y", "install", *DEBIAN], "Installing Chromium")
        found = find_for_tests()
    if not found:
        raise StartError(
            "No test was run: the browser tests need Chromium, none was found and none can be "
            "installed from here; install it, or name it in BERT_LENS_CHROMIUM, and start again."
        )
    return found
