"""``groundswell watch``: what hurts now, on one screen of a terminal."""
