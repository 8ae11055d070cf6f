"""The first stage: raw bytes in, a valid event or a stated reason out."""

from streams.intake.contract import Limits, Rejection, parse
from streams.intake.sources import SOURCES

__all__ = ["SOURCES", "Limits", "Rejection", "parse"]
