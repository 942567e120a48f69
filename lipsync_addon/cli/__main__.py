"""python -m lipsync_addon.cli"""

import sys

from . import main

sys.exit(main())
