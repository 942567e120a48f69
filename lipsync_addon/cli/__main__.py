"""python -m lipsync_addon.cli"""

import sys

from . import main

if __name__ == "__main__":  # processes of a batch import this module too
    sys.exit(main())
