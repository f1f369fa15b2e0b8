"""A bundle's report -> its model card and the figures in it."""
