"""``python -m pronghorn script.py [arguments]``: runs a Keras script unmodified."""

import sys

from ._script import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
