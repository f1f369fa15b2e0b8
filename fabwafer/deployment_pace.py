"""How fast a deployment of components goes out: the same for software and for models."""

NOTICE_S = 60
"""So long a component may put off an update."""
PIS_PER_MINUTE = 20
