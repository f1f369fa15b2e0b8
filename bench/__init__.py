"""What the parts cost, measured: `python -m bench`."""
