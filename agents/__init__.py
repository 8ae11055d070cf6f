"""Who runs it: three Faust agents, because an agent exists only where the key changes, state lives, or people are met.

Start them with ``groundswell worker``, or as any Faust app: ``faust -A agents worker``.
"""

from agents.detect import detect
from agents.notify import notify
from agents.score import score
from streams.app import create

app = create()
app.agent(app.raw, name="score", concurrency=1)(score)
app.agent(app.scored, name="detect", concurrency=1)(detect)
app.agent(app.alerts, name="notify", concurrency=1)(notify)

__all__ = ["app"]
