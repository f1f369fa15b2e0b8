"""What closes the loop: answers -> dataset -> training -> candidate -> rollout, each step kept as a paper."""
