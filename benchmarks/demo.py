"""The demo as a whole process: how long the year takes, and what was found in it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

WATCHKEEPER = Path(sys.executable).parent / "watchkeeper"


def main() -> None:
    """Print seconds, how the injected faults fared, and the incidents outside them."""
    started = time.perf_counter()
    done = subprocess.run(
        [str(WATCHKEEPER), "demo", "--once", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    story = json.loads(done.stdout)
    print(f"{time.perf_counter() - started:.0f} s in all (<= 120)")
    for fault in story["faults"]:
        print(
            f"{fault['name']}: caught after {fault['caught_after_days']} days "
            f"(promised {fault['promised_within_days']})"
        )
    print(f"incidents outside the injected days: {story['incidents_outside_injected_days']} (<= 8)")
    for incident in story["incidents"]:
        print(
            f"  {incident['opened_at'][:10]} to {str(incident['resolved_at'])[:10]} "
            f"{incident['severity']}: {incident['title']} "
            f"[{incident['injected'] or 'not injected'}]"
        )


if __name__ == "__main__":
    main()
