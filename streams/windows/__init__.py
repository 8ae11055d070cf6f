"""Event time: one-minute windows that forget order, rolling sums over them, and the watermark that closes them."""
