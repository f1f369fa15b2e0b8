"""A trained network -> a bundle: the graph, its int8 form, thresholds with what they promise, the gate before it."""
