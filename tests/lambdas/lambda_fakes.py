"""Stand-ins that more than one test file needs."""

import threading

from lambdas.stores.tables import PredictionTable

_LOCK = threading.Lock()


class AtomicTable(PredictionTable):
    """DynamoDB checks a condition and writes in one step; moto needs a lock for that."""

    def put_new(self, item):
        with _LOCK:
            return super().put_new(item)

    def claim_alert(self, imgid, timestamp, claim):
        with _LOCK:
            return super().claim_alert(imgid, timestamp, claim)
