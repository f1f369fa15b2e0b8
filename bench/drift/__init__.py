"""What the drift detectors promise: how often they ring for nothing, and how soon they ring for something."""
