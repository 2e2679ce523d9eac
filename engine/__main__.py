"""`groundwork-engine`: exit status 0 done, 2 user error told in one sentence, 1 bug, 130 interrupted."""

import os
import sys

# Models come from the disk alone; nothing below may look for a hub, but the one command whose purpose that is, and that
# one without telemetry, without a token found somewhere, and over plain HTTP, which can be gone on with.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["HF_HUB_DISABLE_XET"] = "1"

from engine.cli import app
from engine.domain.errors import GroundworkError


def main() -> None:
    try:
        app(prog_name="groundwork-engine")
    except GroundworkError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
