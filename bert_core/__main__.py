"""`python -m bert_core`: the command line."""

import sys

from bert_core.command_line.main import main

if __name__ == "__main__":
    sys.exit(main())
