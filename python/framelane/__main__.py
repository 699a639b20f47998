"""``python -m framelane`` is the ``framelane`` command."""

import sys

from framelane.cli import main

if __name__ == "__main__":
    sys.exit(main())
