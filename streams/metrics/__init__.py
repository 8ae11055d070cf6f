"""Rolling numbers per brand, pain point and minute, as they are published."""

from streams.metrics.window import key_of, window_metrics

__all__ = ["key_of", "window_metrics"]
