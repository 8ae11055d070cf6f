"""What customers say → what was heard in it: sentiment, emotions, pain points, delights, signals, and their words."""

from streams.scoring.heads import Head, HeadError, Heads
from streams.scoring.pseudonyms import Pseudonyms
from streams.scoring.scorer import Event, Scorer

__all__ = ["Event", "Head", "HeadError", "Heads", "Pseudonyms", "Scorer"]
