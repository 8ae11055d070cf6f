"""Decides whether what customers say now is more than what they usually say, and says why it thinks so."""

from streams.detection.baseline import Baseline
from streams.detection.contract import Detector, Sample, Verdict
from streams.detection.onset import onset_of
from streams.detection.registry import DETECTORS, detector

__all__ = ["DETECTORS", "Baseline", "Detector", "Sample", "Verdict", "detector", "onset_of"]
