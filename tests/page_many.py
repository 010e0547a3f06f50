"""The page of `inspect serve` where there is much to tell apart, and where somebody takes their time: each check prints
`ok NAME`, or ends this program.

Arguments: address, board name, its pid, its port; the address of a server that asks that one and another one, and the
other one's address; the address of a server that shows nothing without the token, and the token.
"""

import socket
import sys
import tempfile
import time

import page_checks
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

address, board, pid, port, merged, other, guarded, token = sys.argv[1:9]
options = Options()
options.binary_location = "/usr/bin/chromium"
for flag in ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--window-size=1280,640", "--ignore-certificate-errors", f"--user-data-dir={tempfile.mkdtemp()}"]:
    options.add_argument(flag)
page = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))

#: As many looks as wanted, beside those that the server sends.
FLOOD = """
const real = window.fetch;
window.fetch = async (path, how) => {
  const answer = await real(path, how);
  if (path !== "/api/v1/stream") return answer;
  const reader = answer.body.getReader();
  const look = new TextEncoder().encode('data: {"seq":0,"now_ms":0,"taken_at":"","boards":{},"gone":[]}\\n\\n');
  return new Response(new ReadableStream({ async start(out) {
    window.flood = (count) => { for (; count > 0; count -= 1) out.enqueue(look); };
    for (;;) { const { value, done } = await reader.read(); if (done) { out.close(); return; } out.enqueue(value); }
  } }), { status: answer.status });
};
"""
#: By how many pixels the whole page could be scrolled.
BEYOND = """
const { scrollHeight, scrollWidth } = document.documentElement;
return Math.max(scrollHeight - innerHeight, scrollWidth - innerWidth);
"""
#: Whether each column is there whole, and how wide that of places is.
COLUMNS = """
const table = document.querySelector("#main .table:last-of-type"), head = table.querySelector(".head");
const where = [...head.children].find((one) => one.innerText.startsWith("Where"));
return [head.scrollWidth - head.clientWidth, where.clientWidth];
"""
#: How much of each place is cut off.
CUT = """
const places = [...document.querySelectorAll("#main .rows .row > .mono")].filter((one) => one.innerText);
return places.map((one) => Math.max(one.scrollHeight - one.clientHeight, one.scrollWidth - one.clientWidth));
"""
until = page_checks.waiter(page)
ok = page_checks.ok


def text(selector):
    return page.find_element(By.CSS_SELECTOR, selector).text


def rows(table=":last-of-type"):
    return page.find_elements(By.CSS_SELECTOR, f"#main .table{table} .rows .row")


def press(key):
    page.find_element(By.TAG_NAME, "body").send_keys(key)


try:
    client = socket.create_connection(("127.0.0.1", int(port)))
    client.sendall(b"*3\r\n$3\r\nSET\r\n$40\r\n%s\r\n$1\r\nx\r\n" % (b"a" * 40))

    # Two hosts, each with a process of this pid.
    page.get(f"http://{merged}/#view=numbers&board={board}")
    theirs = lambda: next(row for row in rows(":first-of-type") if other in row.text)
    until("the other host's queue", theirs).click()
    until("its details", lambda: f"{pid} on {other}" in text("#detail"))
    until("one chosen row", lambda: len(page.find_elements(By.CSS_SELECTOR, "#main .row[aria-selected=true]")) == 1)
    page.get(f"http://{merged}/#view=numbers&board={board}")
    page.refresh()
    theirs = lambda: next(row for row in rows() if other in row.text)
    until("rows", lambda: rows() and "Host" in text("#main .table:last-of-type .head"))
    page.find_element(By.CSS_SELECTOR, "#main input[type=search]").send_keys("expiry")
    until("the other host's number", theirs).click()
    until("its details", lambda: f"{pid} on {other}" in text("#detail"))
    ok("numbers of two hosts with one pid are told apart")

    page.get(f"http://{merged}/#view=why&board={board}")
    until("whose it is", lambda: f"{other} {board} · {pid}: " in text("section[aria-label=Findings]"))
    ok("a finding beside those of others says whose it is")

    for view in ["threads", "ops"]:
        page.get(f"http://{merged}/#view={view}")
        until("rows of hosts", lambda: rows() and "Host" in text("#main .table:last-of-type .head"))
        until("room for places", lambda: (lambda found: found[0] <= 0 and found[1] >= 75)(page.execute_script(COLUMNS)))
    ok("with columns of hosts and boards none is cut off")

    for view in ["why", "boards", "threads", "ops", "numbers", "profile", "history"]:
        page.get(f"http://{address}/#view={view}")
        until("the view", lambda: page.find_element(By.CSS_SELECTOR, "#main > :not(h2):not(#absent)").is_displayed())
        if view == "history":
            until("its keys", lambda: page.find_elements(By.CSS_SELECTOR, "#main table.small caption"))
        time.sleep(0.2)
        if page.execute_script(BEYOND) > 0:
            sys.exit(f"{view}: the whole page can be scrolled by {page.execute_script(BEYOND)}")
    ok("what is for ears makes no page longer")

    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
    page.get(f"http://{address}/#view=threads&board={board}")
    until("places", lambda: (lambda cut: cut and max(cut) <= 1)(page.execute_script(CUT)))
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    ok("on a phone places can be read to their end")

    page.get(f"http://{address}/#view=ops&board={board}")
    until("the operation", lambda: any("a" * 40 in row.text for row in rows()))
    page.get(f"http://{address}/#view=ops&board={board}&filter={'*a' * 20}b")
    until("that none matches", lambda: "No operation matches" in text("#main"))
    page.get(f"http://{address}/#view=ops&board={board}&filter={'*a' * 20}*")
    until("that one does", lambda: any("a" * 40 in row.text for row in rows()))
    page.get(f"http://{address}/#view=ops&board={board}&filter=???%20aa*aa")
    until("that one does", lambda: any("a" * 40 in row.text for row in rows()))
    ok("a pattern of many stars holds nothing up")

    script = page.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FLOOD})
    page.get("about:blank")
    page.get(f"http://{address}/#view=ops&board={board}")
    until("the operation", lambda: any("a" * 40 in row.text for row in rows()))
    page.execute_script("window.same = true")
    press("p")
    until("that it is held", lambda: "held" in text("#state"))
    page.execute_script("window.flood(700)")
    time.sleep(1.5)
    if "held" not in text("#state") or not any("a" * 40 in row.text for row in rows()):
        sys.exit(f"it is not held any more: {text('#state')}")
    press("p")
    until("that it lives", lambda: "live on" in text("#state"))
    before = rows()[0].text
    until("that it goes on", lambda: rows()[0].text != before)
    if not page.execute_script("return window.same"):
        sys.exit("the page was loaded anew")
    page.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    ok("a picture that is held stands for as long as it is held")

    page.get(f"https://{guarded}/#view=ops&board={board}")
    until("the question", lambda: page.find_element(By.ID, "token").is_displayed())
    page.find_element(By.XPATH, "//dialog//button[text()='Not now']").click()
    until("the button", lambda: page.find_element(By.ID, "enter").is_displayed())
    time.sleep(3)
    if page.execute_script("return document.getElementById('ask').open"):
        sys.exit("who said `Not now` is asked again")
    page.find_element(By.ID, "enter").click()
    until("the question", lambda: page.find_element(By.ID, "token").is_displayed())
    page.find_element(By.ID, "token").send_keys("another-one-than-that" + Keys.ENTER)
    until("that it was wrong", lambda: "another one" in text("#ask [role=alert]"))
    page.find_element(By.ID, "token").send_keys(token + Keys.ENTER)
    until("the operation", lambda: any("a" * 40 in row.text for row in rows()))
    if page.find_element(By.ID, "enter").is_displayed():
        sys.exit("the button is still there")
    ok("the token is asked for once, and what was wrong is said")
finally:
    page.quit()
