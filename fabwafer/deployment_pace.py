"""How fast a deployment of components goes out, and what stops it: the same for software and for models."""

NOTICE_S = 60
"""So long a component may put off an update."""
PIS_PER_MINUTE = 20
ABORT_PERCENT = 10
"""Of the Pis that were tried, so many may fail,"""
SEEN_BEFORE_ABORT = 2
"""as soon as so many were tried."""
