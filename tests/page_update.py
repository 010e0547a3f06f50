"""What one look changes on the page, beside 64 threads, 2,000 operations and 500 numbers that all change: prints for each view how
many nodes, and ends this program where it is more than what is in view. It counts, so that a busy machine changes nothing.

Arguments: address, board name. With a number of seconds as a third one it prints instead how long the page's own thread was at
work for its longest tasks, by its processor time and by the clock.
"""

import json
import sys
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

address, board = sys.argv[1:3]
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else None
options = Options()
options.binary_location = "/usr/bin/chromium"
for flag in ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--window-size=1280,900", f"--user-data-dir={tempfile.mkdtemp()}"]:
    options.add_argument(flag)
if seconds:
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    options.add_experimental_option("perfLoggingPrefs", {"traceCategories": "toplevel", "enableNetwork": False, "enablePage": False})
page = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))

#: A record for each look: nodes that changed, and elements that came or went.
WATCH = """
window.looks = [];
new MutationObserver((records) => {
  const changed = new Set(), elements = (nodes) => [...nodes].filter((node) => node.nodeType === 1).length;
  let moved = 0;
  for (const record of records) { changed.add(record.target); moved += elements(record.addedNodes) + elements(record.removedNodes); }
  window.looks.push([changed.size, moved]);
}).observe(document.querySelector('#main'), { subtree: true, childList: true, characterData: true, attributes: true });
"""


def until(what, condition, limit=40.0):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    sys.exit(f"waited {limit} s for {what}")


def tasks():
    """Processor time and time of the tasks of the thread that was at work most, ms."""
    by = {}
    for entry in page.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        event = message["params"]
        if message["method"] == "Tracing.dataCollected" and event.get("name", "").endswith("RunTask") and "tdur" in event and event.get("ph") == "X":
            by.setdefault((event["pid"], event["tid"]), []).append((event["tdur"] / 1000, event["dur"] / 1000))
    return max(by.values(), key=lambda all: sum(one[0] for one in all))


try:
    for view, least in [("ops", 2000), ("numbers", 450), ("threads", 40)]:
        page.get("about:blank")
        page.get(f"http://{address}/#view={view}&board={board}")
        until(f"rows of {view}", lambda: page.execute_script("return Number(document.querySelector('#main .table:last-of-type')?.getAttribute('aria-rowcount')) - 1") >= least)
        rows, cells = page.execute_script("return [document.querySelectorAll('.rows .row').length, document.querySelectorAll('.rows .row *').length]")
        page.execute_script(WATCH)
        if seconds:
            time.sleep(seconds)
            page.get("about:blank")
            all = tasks()
            print(f"{view}: the longest tasks {', '.join(f'{one:.0f}' for one, _ in sorted(all, reverse=True)[:5])} ms of processor, "
                  f"{max(one for _, one in all):.0f} ms by the clock, {sum(one > 50 for one, _ in all)} over 50 ms of processor in {seconds:.0f} s", flush=True)
            continue
        # The first two are of what was on its way.
        looks = until("looks", lambda: (lambda all: len(all) >= 8 and all)(page.execute_script("return window.looks")))[2:]
        changed, moved = max(one for one, _ in looks), max(one for _, one in looks)
        print(f"{view}: {changed} of {cells} nodes in {rows} rows changed at most, {moved} elements came or went", flush=True)
        if rows > 80 or changed > cells + 2 * rows + 40 or moved > 0:
            sys.exit(f"{view}: that is more than what is in view")
        print(f"ok {view}", flush=True)
finally:
    page.quit()
