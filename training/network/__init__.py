"""Wafers -> a trained network: its layers, what it is taught with, the loop and the run that keeps its state."""
