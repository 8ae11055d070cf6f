"""``metrics``: rolling numbers per brand, pain point and one-minute window, upserted by key."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.base import Share, Timestamp, Wire
from schemas.scored import Part

Silence = Literal[
    "fired", "firing", "below_baseline", "below_minimum", "no_baseline", "one_voice", "inhibited", "not_flat"
]


class Tally(Part):
    """Numbers over one window."""

    mentions: int = Field(ge=0)
    voices: int = Field(
        ge=0, description="Distinct authors; in closed windows, those who copy others count as whom they copy."
    )
    negative: int = Field(ge=0, description="Mentions whose sentiment is negative.")
    positive: int = Field(ge=0)
    sentiment: float = Field(ge=-1, le=1, description="Mean sentiment.")
    effort: Share = Field(description="Mean effort.")
    churn_risk: Share = Field(description="Mean churn risk.")
    delight_share: Share = Field(
        description="Share of the mentions that name a delight and are not unhappy as a whole."
    )
    top_voice_share: Share = Field(description="The loudest voice's share of the mentions.")
    copied: int = Field(
        0, ge=0, description="Mentions counted under another's voice: copies of its words, and what machines post."
    )
    emotions: dict[str, float] = Field(default_factory=dict, description="Emotion → mean probability.")


class Decision(Part):
    """What the detector thought at this window's end, and why it spoke or stayed silent."""

    reason: Silence
    observed: int = Field(ge=0, description="Distinct voices in the judged window.")
    expected: float | None = Field(None, ge=0)
    probability: Share | None = None


class Heading(Part):
    """An early warning: if people go on speaking as they do, an alert will fire. It pages nobody."""

    status: Literal["warned", "crossed", "withdrawn"] = Field(
        description="warned: it is to be expected; crossed: the line is crossed now; withdrawn: it did not come to it."
    )
    kind: Literal["pain_point", "surge", "volume"] = Field(description="Of the alert that is to be expected.")
    since: Timestamp = Field(description="When it was first to be expected.")
    seen: Timestamp = Field(description="When it last was; the numbers are of then.")
    by: Timestamp = Field(description="By when the line would be crossed.")
    observed: int = Field(ge=0, description="Distinct voices in the hour that ended when it was seen.")
    projected: int = Field(ge=0, description="Those to be expected in the hour that ends by then.")
    line: int = Field(ge=0, description="With so many an alert fires.")
    chance: Share = Field(description="That there will be as many.")


class WindowMetrics(Wire):
    """One window of one brand × pain point. Key on the topic: brand|pain point|window start."""

    brand: str
    pain_point: str = Field(description="Id of the pain point or delight; '*' for all that the brand's customers say.")
    window_start: Timestamp
    window_end: Timestamp
    closed: bool = Field(description="True once the watermark has passed: the numbers of this window are final.")
    window: Tally = Field(description="This one-minute window alone.")
    rolling_5m: Tally | None = Field(
        None, description="The 5 minutes that end with it; null while it is open or not known any more."
    )
    rolling_1h: Tally | None = None
    rolling_24h: Tally | None = None
    late: int = Field(0, ge=0, description="Of this window's mentions, those that arrived after it was closed.")
    decision: Decision | None = Field(None, description="At the end of each five minutes, per series that is judged.")
    others: dict[str, Decision] = Field(
        default_factory=dict,
        description="Kind of alert (share, mood) → what its detector thought, where it came near to an alert.",
    )
    heading: Heading | None = Field(
        None, description="At the end of each five minutes, while an early warning is open, and once when it is over."
    )
