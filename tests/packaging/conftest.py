"""Makes scripts/ importable: at the end of the path, so that scripts/test.py hides nothing."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
