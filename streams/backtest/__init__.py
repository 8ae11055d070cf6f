"""Judges the whole path by what is known to have happened: recorded events, labelled incidents, figures."""

from streams.backtest.judgement import Judgement, judge, why_silent
from streams.backtest.labels import Incident, Labels, LabelsError, LoudHour, read_labels
from streams.backtest.matching import Answer, Judged
from streams.backtest.report import per_week, report
from streams.backtest.run import Run, run
from streams.backtest.setup import Setup, SetupError, read_setup
from streams.backtest.told import Told
from streams.backtest.trace import Miss, Silence, Trace
from streams.backtest.warned import Foretold, Warnings

__all__ = [
    "Answer",
    "Foretold",
    "Incident",
    "Judged",
    "Judgement",
    "Labels",
    "LabelsError",
    "LoudHour",
    "Miss",
    "Run",
    "Setup",
    "SetupError",
    "Silence",
    "Told",
    "Trace",
    "Warnings",
    "judge",
    "per_week",
    "read_labels",
    "read_setup",
    "report",
    "run",
    "why_silent",
]
