"""Export one format to one place over and over, until killed; prints a line once it has begun."""

import sys
from pathlib import Path

from engine.exchange.exporting import export
from engine.exchange.formats import format_named
from tests.engine.exchange.samples import example

format_, target, dataset = format_named(sys.argv[1]), Path(sys.argv[2]), example()
print("begun", flush=True)
while True:
    export(dataset, target, format_)
