"""The component on the Pi: pictures of wafers in, predictions out over MQTT."""

import os

# ONNX Runtime contains a telemetry client, which writes a device id when it is imported, and reports.
# Nothing but this variable, set before the import, stops it; so it is set before anything of ours runs.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
