"""What the scripts that drive a browser have in common: a condition is waited for, and a check is told."""

import sys
import time

from selenium.webdriver.common.by import By


def waiter(page):
    """Waits on this page until a condition is true, and gives what it was; or ends this program with what the page says."""

    # Longer than a host that did not answer once is left alone: on a machine with much to do that happens.
    def until(what, condition, seconds=40.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found = condition()
                if found:
                    return found
            except Exception:  # A row that was drawn anew meanwhile.
                pass
            time.sleep(0.02)
        body = page.find_element(By.TAG_NAME, "body").text
        sys.exit(f"waited {seconds} s for {what}; the page says:\n{body}")

    return until


def ok(name):
    print(f"ok {name}", flush=True)
