"""A graph and wafers -> what it decides, and the figures of that. Needs neither torch nor ONNX's own package."""
