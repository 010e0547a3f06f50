"""The page of `inspect serve` in a real browser: each check prints `ok NAME`, or ends this program.

Arguments: address, board name, pid of the daemon, its port, token, a link that leads to an operation; the address of a
server that asks this one and another, and the address of that one, which hangs.
"""

import os
import signal
import socket
import sys
import tempfile
import time

import page_checks
import page_others
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

address, board, pid, port, token, link, merged, silent = sys.argv[1:9]
pid = int(pid)
others = page_others.serve(tempfile.mkdtemp())
MARKUP = "<img/src=x/onerror=document.title='owned'>"


def browser():
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for flag in [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--window-size=1280,900", "--ignore-certificate-errors",
        f"--host-resolver-rules=MAP evil.example 127.0.0.1,MAP ui.perfetto.dev:443 127.0.0.1:{others},MAP profiler.firefox.com:443 127.0.0.1:{others}",
        f"--user-data-dir={tempfile.mkdtemp()}",
    ]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


page = browser()
until = page_checks.waiter(page)
ok = page_checks.ok


def rows():
    found = page.find_elements(By.CSS_SELECTOR, "#main .table:last-of-type .rows .row")
    return [row.text.replace("\n", " ") for row in found]


def go(place):
    page.get(f"http://{address}/#{place}")


def send(key):
    """A command that stays in flight: the disk of this daemon takes its time."""
    client = socket.create_connection(("127.0.0.1", int(port)))
    key = key.encode()
    client.sendall(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$1\r\nx\r\n" % (len(key), key))
    return client


def text(selector):
    return page.find_element(By.CSS_SELECTOR, selector).text


try:
    go(f"view=ops&board={board}")
    until("the stream", lambda: "live on" in text("#state"))
    first = send(MARKUP)
    began = time.monotonic()
    until("the operation", lambda: any("onerror" in row for row in rows()), 5)
    took = time.monotonic() - began
    if took > 2:
        sys.exit(f"{took:.2f} s until an operation was on the page")
    ok("a stalled operation is on the page within 2 s")

    if page.find_elements(By.CSS_SELECTOR, "#main img") or "owned" in page.title:
        sys.exit("markup of a label became an element")
    if not any(MARKUP in row for row in rows()):
        sys.exit(f"the label is not there as it is: {rows()}")
    ok("a label made of markup stays text")

    second = send("user:1")
    until("both", lambda: any("user:1" in row for row in rows()))
    field = page.find_element(By.CSS_SELECTOR, "#main input[type=search]")
    field.send_keys("user:1")
    until("one", lambda: all("user:1" in row for row in rows()) and rows())
    if "filter=user" not in page.current_url:
        sys.exit(f"the address does not say the filter: {page.current_url}")
    field.send_keys("0 and nobody")
    until("none", lambda: "No operation matches" in text("#main"))
    ok("the filter leaves what matches, and the address says it")

    page.get("about:blank")
    page.get(link)
    until("the linked view", lambda: rows() and all("onerror" in row for row in rows()))
    page.find_element(By.CSS_SELECTOR, "#main .rows .row").click()
    until("its history", lambda: "updates" in text("#detail table.small"))
    there = page.current_url
    page.get("about:blank")
    page.get(there)
    until("the same selection", lambda: "updates" in text("#detail table.small"))
    ok("a deep link shows what it was made from")

    page.find_element(By.TAG_NAME, "body").send_keys("3")
    until("threads", lambda: "view=threads" in page.current_url)
    until("rows", lambda: page.find_elements(By.CSS_SELECTOR, "#main .rows .row"))
    for _ in range(40):
        page.switch_to.active_element.send_keys(Keys.TAB)
        if "rows" in (page.switch_to.active_element.get_attribute("class") or ""):
            break
    else:
        sys.exit("the rows are not reached by Tab")
    page.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    page.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    chosen = until("a chosen row", lambda: page.find_element(By.CSS_SELECTOR, "#main .row[aria-selected=true]"))
    until("its id is said", lambda: page.switch_to.active_element.get_attribute("aria-activedescendant"))
    until("details", lambda: page.find_element(By.ID, "detail").is_displayed())
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    until("no details", lambda: not page.find_element(By.ID, "detail").is_displayed())
    ok("everything is reached by keys")

    go(f"view=profile&board={board}&seconds=1")
    until("the view", lambda: page.find_element(By.ID, "idle")).click()
    boxes = until("a flame graph", lambda: page.find_elements(By.CSS_SELECTOR, ".flame .thread"))
    whole = page.find_element(By.CSS_SELECTOR, ".flame .all").size["width"]
    # In one step: the graph is drawn anew each second.
    page.execute_script("[...document.querySelectorAll('.flame .thread')].reduce((a, b) => (b.offsetWidth < a.offsetWidth ? b : a)).click()")
    until("the zoom", lambda: any(box.size["width"] == whole for box in page.find_elements(By.CSS_SELECTOR, ".flame .thread")))
    if "zoom=" not in page.current_url:
        sys.exit("the address does not say the zoom")
    page.find_element(By.XPATH, "//button[text()='Reset zoom']").click()
    until("no zoom", lambda: len(page.find_elements(By.CSS_SELECTOR, ".flame .thread")) == len(boxes))
    ok("a click zooms into the flame graph")

    find = lambda: next(row for row in page.find_elements(By.CSS_SELECTOR, "#main .table .rows .row") if ".rs:" in row.text)
    place_ = next(word for word in until("a line", find).text.split() if ".rs:" in word)
    page.execute_script("arguments[0].click()", find())
    marked = until("its source", lambda: page.find_element(By.CSS_SELECTOR, "#detail .source tr.probe[aria-current]"))
    number = marked.find_element(By.TAG_NAME, "th").text
    if number != place_.rsplit(":", 1)[1] or not marked.find_elements(By.TAG_NAME, "td")[1].text.strip():
        sys.exit(f"the source at {place_} is marked at {number}")
    until("its share", lambda: "%" in page.find_element(By.CSS_SELECTOR, "#detail .source tr[aria-current] td").text)
    page.find_element(By.XPATH, "//aside//button[text()='Close']").click()
    ok("the source of a line stands beside its share")

    mine = page.current_window_handle
    for button, begin in [("Open in Perfetto", "perfetto"), ("Open in Firefox Profiler", "firefox")]:
        page.find_element(By.XPATH, f"//button[text()='{button}']").click()
        until("a window", lambda: len(page.window_handles) == 2)
        page.switch_to.window(next(one for one in page.window_handles if one != mine))
        title = until("what was handed over", lambda: page.title.startswith(begin) and page.title)
        page.close()
        page.switch_to.window(mine)
        if int(title.split()[1]) < 1:
            sys.exit(f"nothing was handed over: {title}")
        until("a word", lambda: "handed to" in text("#main .note:not(#absent)"))
    ok("a profile is handed to Perfetto and to the Firefox Profiler")

    go(f"view=history&board={board}&by=status&since=1h")
    until("a picture", lambda: page.find_elements(By.CSS_SELECTOR, ".past path"))
    until("its numbers", lambda: "updates" in text("#main table.small"))
    picture = page.find_element(By.CSS_SELECTOR, ".past")
    picture.send_keys(Keys.END)
    until("a moment", lambda: "active" in (picture.get_attribute("aria-valuetext") or ""))
    before = page.current_url
    if "at=" not in before or "since=1h" not in before:
        sys.exit(f"the address does not say the moment: {before}")
    picture.send_keys(Keys.ENTER)
    until("a closer look", lambda: "until=" in page.current_url and "since=2" in page.current_url)
    until("the same moment", lambda: page.find_elements(By.CSS_SELECTOR, ".past .there"))
    there = page.current_url
    page.get("about:blank")
    page.get(there)
    until("the same again", lambda: page.find_elements(By.CSS_SELECTOR, ".past .there") and "active" in text("#main .card > p"))
    go(f"view=history&board={board}&since=nonsense")
    until("a reason", lambda: "since" in text("#main .note:not(#absent)"))
    page.back()
    ok("the past is a view, by keys, and the address carries its range")

    # A link to what is gone says so, and asks once.
    count = "return performance.getEntriesByType('resource').filter((one) => one.name.includes('/ops/')).length"
    go(f"view=ops&board={board}&select={pid}%2F9999-9")
    until("what is missing", lambda: "no such" in text("#detail .note") or "no operation" in text("#detail .note"))
    until("the account of it", lambda: page.execute_script(count) >= 1)
    asked = page.execute_script(count)
    page.execute_script("window.looks = 0; new MutationObserver(() => { window.looks += 1; }).observe(document.querySelector('#main .rows'), { subtree: true, childList: true, characterData: true })")
    until("some looks", lambda: page.execute_script("return window.looks") >= 6)
    go("view=ops&board=nobody-of-this-name&select=")
    until("that nobody is there", lambda: "no board nobody-of-this-name" in text("#absent"))
    go(f"view=ops&board={board}")
    until("that somebody is", lambda: not page.find_element(By.ID, "absent").is_displayed())
    if page.execute_script(count) > asked:
        sys.exit("what was not found was asked for again")
    ok("a link to what is gone says so")

    page.get(f"http://{merged}/#view=ops")
    until("operations of hosts", lambda: [row for row in rows() if "user:1" in row and address in row])
    until("the heading", lambda: "Host" in text("#main .table:last-of-type .head"))
    page.get(f"http://{merged}/#view=ops&filter=nobody-is-called-so")
    until("that not all answer", lambda: "A host does not answer" in text("#main .table:last-of-type .none") and "part" in page.find_element(By.ID, "state").get_attribute("class"))
    page.get(f"http://{merged}/#view=boards")
    until("boards of hosts", lambda: [row for row in rows() if address in row])
    page.get(f"http://{merged}/#view=why")
    until("the one that hangs", lambda: any(silent in row and "no answer" in row for row in text("#hosts").splitlines()))
    page.get(f"http://{merged}/#view=history&by=host")
    until("the past of hosts", lambda: f" at {address}" in text("#main .card h2") and address in text("#main .card table.small"))
    until("the one that hangs", lambda: f"{silent} is slow" in text("#main"))
    ok("rows of other hosts have a column, and one that hangs is a row")

    go(f"view=ops&board={board}&filter=user%3A1")
    until("the row", lambda: page.find_elements(By.CSS_SELECTOR, "#main .rows .row"))
    page.find_element(By.CSS_SELECTOR, "#main .rows .row").click()
    cancel = "#detail button.danger"
    until("the button", lambda: page.find_element(By.CSS_SELECTOR, cancel).is_displayed())
    page.find_element(By.CSS_SELECTOR, cancel).click()
    until("the question", lambda: page.find_element(By.ID, "token"))
    page.find_element(By.XPATH, "//dialog//button[text()='Not now']").click()
    until("a refusal", lambda: "no token" in text("#detail .note"))
    page.find_element(By.CSS_SELECTOR, cancel).click()
    until("the question", lambda: page.find_element(By.ID, "token")).send_keys("wrong-wrong-wrong-wrong" + Keys.ENTER)
    until("the question again", lambda: page.find_element(By.ID, "token").get_attribute("value") == "")
    if not rows():
        sys.exit("it ended with the wrong token")
    page.find_element(By.ID, "token").send_keys(token + Keys.ENTER)
    until("its end", lambda: "cancelled" in text("#detail .note"))
    second.settimeout(5)
    if b"CANCELLED" not in second.recv(100):
        sys.exit("its client was not told")
    ok("cancel works with the token and not without")

    go(f"view=why&board={board}")
    findings = "section[aria-label=Findings]"
    known = lambda: "No rule found" in text(findings) or page.find_elements(By.CSS_SELECTOR, f"{findings} li")
    until("findings, or that there are none", known)
    page.execute_script("""
        const given = window.fetch;
        const busy = () => Promise.resolve(new Response('{"error":"too much to do"}', { status: 503 }));
        window.fetch = (path, how) => String(path).startsWith("/api/v1/why") ? busy() : given(path, how);
        window.given = given;
    """)
    until("why there are none", lambda: "too much to do" in text(findings))
    page.execute_script("window.fetch = window.given")
    until("findings again", known)
    ok("findings that cannot be had say why")

    os.kill(pid, signal.SIGSTOP)
    until("stopped", lambda: text(".card .badge") == "stopped")
    until("live", lambda: "live on" in text("#state"))
    os.kill(pid, signal.SIGCONT)
    until("live", lambda: text(".card .badge") == "live")
    os.kill(pid, signal.SIGKILL)
    until("dead", lambda: text(".card .badge") == "dead")
    go(f"view=ops&board={board}")
    until("what it was at", lambda: any("onerror" in row for row in rows()))
    ok("the page goes on while the daemon is held, and after kill -9")

    said = [one["message"] for one in page.get_log("browser") if one["level"] == "SEVERE" and not any(status in one["message"] for status in ("401", "400", "404"))]
    if said:
        sys.exit(f"the browser complains: {said}")
    page.get(f"http://evil.example:{address.rsplit(':')[-1]}/")
    if "not known to be this server" not in page.page_source or "<main" in page.page_source:
        sys.exit(f"a foreign name was answered: {page.page_source[:300]}")
    ok("a foreign Host is refused")
finally:
    page.quit()
