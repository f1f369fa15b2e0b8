"""What a wafer costs, side by side: the shipped bundle, its own fp32, other runtimes, larger networks."""

import os

# ONNX Runtime's wheels carry a client that reports home, and only this, before its import, stops it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
