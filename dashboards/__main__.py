"""``python -m dashboards``: writes what is generated, or with ``--check`` says what is not as it would be written."""

from __future__ import annotations

import sys
from pathlib import Path

from dashboards.files import generated


def main(check: bool) -> int:
    """Give the exit code."""
    stale = [path for path, text in generated().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(generated()[path], "utf-8")
        sys.stdout.write(f"{path.relative_to(Path.cwd())}: {'stale, run: make dashboards' if check else 'written'}\n")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
