"""Run the component: `python -m edge_component --config FILE`, `--greengrass`, or `classify PATH... --csv OUT`."""

import argparse
import os
import signal
import sys
from pathlib import Path
from threading import Event

from edge_component import logs
from edge_component.batch import classify_to_csv
from edge_component.configuration import FileConfiguration, GreengrassConfiguration
from edge_component.health import Health
from edge_component.ipc import NUCLEUS_VARIABLE, Nucleus
from edge_component.main import Main

_DEFAULT_BUNDLE = Path("models/wafer-map")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and do what it says; return the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["classify"]:
        return _classify(given[1:])
    parser = argparse.ArgumentParser("edge_component", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--config", type=Path, help="a JSON file")
    where.add_argument("--greengrass", action="store_true", help="the component's configuration")
    options = parser.parse_args(given)
    logs.log_to_stdout()
    return _run(options.config)


def _classify(given: list[str]) -> int:
    parser = argparse.ArgumentParser("edge_component classify", description="Classify pictures.")
    parser.add_argument("paths", nargs="+", type=Path, help="files, and folders with all beneath")
    parser.add_argument("--csv", required=True, type=Path, help="gets a row for every picture")
    parser.add_argument("--bundle", type=Path, default=_DEFAULT_BUNDLE)
    options = parser.parse_args(given)
    return classify_to_csv(options.paths, options.csv, options.bundle)


def _run(config: Path | None) -> int:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    health = Health()
    if config is None:
        nucleus = Nucleus()
        source = GreengrassConfiguration(nucleus, health)
        return Main(source, nucleus, health, stop, patient=True).run()
    under_greengrass = Nucleus() if NUCLEUS_VARIABLE in os.environ else None
    return Main(FileConfiguration(config), under_greengrass, health, stop).run()


if __name__ == "__main__":
    sys.exit(main())
