"""The model: data, training, evaluation, export. Also SageMaker's source_dir."""

import os

# ONNX Runtime's wheels carry a client that reports home, and only this, before its import, stops it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
