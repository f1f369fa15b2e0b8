"""Labelled and unlabelled wafers -> the points of the curve of macro-F1 over the share of labels."""
