"""Starts BERT Lens: makes `.venv`, installs what is pinned, runs the app or its tests.

    python3 run.py             the app, on this machine only, in the browser
    python3 run.py test [...]  the whole test suite; what follows `test` goes to pytest

Standard library only. Annotations stay quoted and the syntax old, so that a Python which cannot
run the app can still read this file and say so.
"""

import argparse
import platform
import signal
import sys

from launcher.chromium import ensure_chromium
from launcher.commands import StartError, explain, run_until_ended
from launcher.install import check_python, install
from launcher.serve import app_environment, check_port, serve


def read_options(arguments: "list[str]") -> argparse.Namespace:
    """The options; `tests` is what follows the word test, or None where the app is meant."""
    parser = argparse.ArgumentParser(
        prog="run.py", description="Start BERT Lens, or its tests: run.py test [pytest arguments]"
    )
    parser.add_argument("--port", type=int, default=8501, help="8501 if not given")
    parser.add_argument("--host", default="localhost", help="0.0.0.0 lets a class in")
    other = "a name under which the app is reached, beside this machine's own; may be given again"
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME", help=other)
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
