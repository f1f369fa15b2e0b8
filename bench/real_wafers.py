"""Where real wafers are for a bench: the file that the environment variable FABWAFER_DATA names."""

import os
from pathlib import Path


def real_wafers() -> Path:
    """Return the file's path; without the variable that of a file which need not be there."""
    return Path(os.environ.get("FABWAFER_DATA", "wafers.npz"))
