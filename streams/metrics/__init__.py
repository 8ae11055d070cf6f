"""Rolling numbers per brand, pain point and minute, as they are published."""

from streams.metrics.window import Sums, key_of, window_metrics

__all__ = ["Sums", "key_of", "window_metrics"]
