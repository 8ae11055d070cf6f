"""Decides whether what customers say now is more than what they usually say, and says why it thinks so."""

from streams.detection.baseline import Baseline
from streams.detection.contract import Detector, PartDetector, PartSample, Sample, Verdict
from streams.detection.heading import Heading, Outlook, Pace
from streams.detection.hush import Hush
from streams.detection.mood import Feelings, Mood, MoodSample
from streams.detection.onset import onset_of
from streams.detection.registry import DETECTORS, KINDS, detector
from streams.detection.share import Share

__all__ = [
    "DETECTORS",
    "KINDS",
    "Baseline",
    "Detector",
    "Feelings",
    "Heading",
    "Hush",
    "Mood",
    "MoodSample",
    "Outlook",
    "Pace",
    "PartDetector",
    "PartSample",
    "Sample",
    "Share",
    "Verdict",
    "detector",
    "onset_of",
]
