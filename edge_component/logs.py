"""Structured log: one JSON object a line on stdout, flushed, which is where Greengrass keeps it."""

import json
import logging
import sys
from datetime import UTC, datetime

_LOGGER = logging.getLogger("edge_component")


class JsonFormatter(logging.Formatter):
    """A record and its fields as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def log_to_stdout() -> None:
    """Send the component's log to stdout."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    _LOGGER.handlers = [handler]
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def info(event: str, **fields: object) -> None:
    """Log what happens as it should."""
    _LOGGER.info(event, extra={"fields": fields})


def warn(event: str, **fields: object) -> None:
    """Log what somebody should look at."""
    _LOGGER.warning(event, extra={"fields": fields})


def unforeseen(event: str, **fields: object) -> None:
    """Log an error that nobody planned for, with its trace."""
    _LOGGER.exception(event, extra={"fields": fields})
