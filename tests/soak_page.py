"""The page of `inspect serve` in a real browser for as long as stdin is open, from view to view.

Prints `looked KIB` for each view that came (the heap of its objects), `late VIEW` where it took over 10 s, and anything
else is a fault. Arguments: address, board name.
"""

import select
import sys
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

address, board = sys.argv[1:3]
options = Options()
options.binary_location = "/usr/bin/chromium"
for flag in [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-precise-memory-info", "--js-flags=--expose-gc", f"--user-data-dir={tempfile.mkdtemp()}",
]:
    options.add_argument(flag)
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
page = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
page.get(f"http://{address}/#view=ops")


def is_open(seconds):
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return not ready


def is_live():
    state = page.find_element(By.ID, "state").text
    return "live on" in state


try:
    views = ["ops", "threads", "numbers", "why", "history", "ops"]
    turn = 0
    while is_open(2):
        view = views[turn % len(views)]
        turn += 1
        place = f"view={view}" if turn % 2 else f"view={view}&board={board}"
        page.execute_script("location.hash = arguments[0]", place)
        end = time.monotonic() + 10
        while time.monotonic() < end and not is_live():
            time.sleep(0.05)
        if not is_live():
            print(f"late {view}", flush=True)
            continue
        heap = page.execute_script("window.gc && gc(); return performance.memory.usedJSHeapSize")
        print(f"looked {heap // 1024}", flush=True)
        for entry in page.get_log("browser"):
            # A stream that was cut, or a board that is gone, is no fault of the page.
            if entry["level"] == "SEVERE" and "Failed to load resource" not in entry["message"]:
                print(f"says {entry['message']}", flush=True)
finally:
    page.quit()
