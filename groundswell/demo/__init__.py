"""A week of a small coffee-subscription shop: what the demo plays."""
