"""What the review API and its exports are made of."""
