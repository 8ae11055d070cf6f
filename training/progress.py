"""Where training tells how far it is."""

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
