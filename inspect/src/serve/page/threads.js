// Threads: what each does, since when, and who holds what it waits for.
const threadsView = {
  rows: [],
  get node() {
    if (this.made) return this.made;
    const line = (row) => (row.of.left ? "" : file(row.of.file, row.of.line));
    this.table = new Table([
      hostColumn(),
      boardColumn(),
      { key: "name", label: "Thread", width: "minmax(7rem, 1fr)", narrow: "minmax(0, 1fr)", value: (row) => row.of.name, show: (row, node) => cell(node, row.of.name, "strong") },
      { key: "state", label: "State", width: "5rem", narrow: "3.7rem", value: (row) => (row.of.stalled ? "0 stalled" : row.of.class), show: (row, node) => cell(node, row.of.stalled ? "stalled" : row.of.torn ? "torn" : row.of.class ?? NONE, row.of.stalled ? "bad strong" : row.of.class ?? "dim") },
      { key: "since", label: "Since", width: "5rem", narrow: "4.1rem", num: true, value: (row) => row.board.since(row.of.since_at_ms), show: (row, node) => cell(node, (row.of.since_at_most ? "<" : "") + age(row.board.since(row.of.since_at_ms))) },
      { key: "load", label: "Load 1s", width: "6.5rem", narrow: "2.6rem", num: true, value: (row) => row.of.load[0], show: (row, node) => loadCell(node, row.of.load[0]) },
      { key: "load10", label: "10s", width: "3.2rem", num: true, wide: true, spare: 2, value: (row) => row.of.load[1], show: (row, node) => cell(node, percentOrNone(row.of.load[1])) },
      { key: "load60", label: "60s", width: "3.2rem", num: true, wide: true, spare: 3, value: (row) => row.of.load[2], show: (row, node) => cell(node, percentOrNone(row.of.load[2])) },
      { key: "minutes", label: "Load, last 2 min", width: "9rem", wide: true, spare: 1, show: (row, node) => sparkCell(node, row.board.series.get(`threads ${row.key}`), (value) => `${Math.round(value * 100)}%`, 1) },
      { key: "where", label: "Where", least: 10, width: "minmax(0, 1.6fr)", narrow: "minmax(0, 1.2fr)", value: line, show: (row, node) => { cell(node, line(row), "mono"); node.title = [row.of.file, row.of.function].filter(Boolean).join(" "); } },
      { key: "label", label: "What", least: 5, width: "minmax(0, 1.2fr)", wide: true, value: (row) => row.of.label, show: (row, node) => cell(node, threadLabel(row.of)) },
      { key: "held", label: "Held by", least: 5, width: "minmax(0, 1fr)", wide: true, value: (row) => row.of.held_by?.thread, show: (row, node) => cell(node, row.of.held_by ? `${row.of.held_by.thread} ${file(row.of.held_by.file, row.of.held_by.line)}` : "", "bad") },
    ], { name: "Threads", id: (row) => row.id, sorts: true, select: (row) => place.go({ select: row.id }) });
    this.tools = h("div.tools", {}, filterField("Filter threads", "thread, label, function or file"), this.counted = h("span.dim"));
    return (this.made = h("div", { class: "fill" }, this.tools, this.table.node));
  },
  draw() {
    const takes = matcher(place.now.filter);
    const rows = [];
    let all = 0;
    for (const board of store.shown()) {
      for (const [key, of] of board.threads) {
        all += 1;
        if (takes(of.name, of.label, of.function, of.file)) rows.push({ id: `${board.ref}/${of.tid}`, key, board, of });
      }
    }
    // What stands still first, then as they came.
    rows.sort((a, b) => b.of.stalled - a.of.stalled || order(a.board.name, b.board.name) || a.of.slot - b.of.slot);
    put(this.counted, rows.length === all ? `${all} threads` : `${rows.length} of ${all} threads`);
    this.table.set(rows, all ? "No thread matches." : "No thread with probes.");
    this.rows = rows;
    const chosen = rows.find((row) => row.id === place.now.select);
    if (chosen) this.detail(chosen); else if (place.now.select) hideDetail();
  },
  detail({ board, of, id, key }) {
    const panel = showDetail(`thread ${id}`, () => {
      this.chart = new Chart(`load of ${of.name}`);
      return { title: h("h2"), facts: h("dl.facts"), stack: h("table.small") };
    }, (parts) => [parts.title, h("h3", {}, "Load, last 2 minutes"), this.chart.node, h("h3", {}, "Now"), parts.facts, h("h3", {}, "Open scopes, outermost first"), parts.stack]);
    put(panel.title, of.name);
    fillFacts(panel.facts, [
      ["State", of.stalled ? `${of.class}, stalled` : of.class ?? "in no scope and at no line"], ["Since", `${of.since_at_most ? "at most " : ""}${age(board.since(of.since_at_ms))}${of.standing === "again" ? ", and again" : ""}`],
      ["Line", of.file ? `${of.file}:${of.line}` : null], ["Function", of.function], ["Label", threadLabel(of)], ["Loads 1, 10, 60 s", of.load.map(percentOrNone).join("  ")],
      [of.held_by?.queue ? "Served by" : "Held by", of.held_by ? `${of.held_by.thread} (${of.held_by.tid}) at ${file(of.held_by.file, of.held_by.line)}` : null], ["Jobs", of.jobs === null ? null : whole(of.jobs)],
      ["Thread id", String(of.tid)], ["Board", board.title], ["Exists", of.exists === false ? "no: the process has no such thread any more" : null],
    ]);
    fillRows(panel.stack, ["Where", "Label"], of.stack.map((one) => [file(one.file, one.line), [one.label, one.arg].filter((part) => part !== null).join(" ") || one.function || ""]));
    this.chart.draw(board.series.get(`threads ${key}`), (value) => `${Math.round(value * 100)}%`);
  },
};
const percentOrNone = (load) => (load === null || load === undefined ? NONE : `${Math.round(load * 100)}%`);
const threadLabel = (of) => [of.label, of.arg].filter((part) => part !== null && part !== undefined).join(" ");

/** The field for what is looked for; the address keeps it. */
function filterField(name, hint) {
  const field = h("input", { type: "search", placeholder: `${hint}  (/)`, "aria-label": name, oninput: () => place.go({ filter: field.value || null, select: null }) });
  const fit = () => { if (document.activeElement !== field) field.value = place.now.filter ?? ""; };
  place.listeners.push(fit);
  fit();
  return field;
}
function fillFacts(list, facts) {
  facts = facts.filter(([, value]) => value !== null && value !== undefined && value !== "");
  facts.forEach(([name, value], index) => {
    if (!list.children[index * 2]) list.append(h("dt"), h("dd"));
    put(list.children[index * 2], name);
    put(list.children[index * 2 + 1], String(value));
  });
  while (list.children.length > facts.length * 2) list.lastChild.remove();
}
/** A small table; the last column is text, those before too unless they are numbers. */
function fillRows(table, heads, rows, numbers = []) {
  if (!table.tHead) table.append(h("thead", {}, h("tr", {}, heads.map((text, index) => h(`th${numbers.includes(index) ? ".num" : ""}`, { scope: "col" }, text)))), h("tbody"));
  const body = table.tBodies[0];
  rows.forEach((row, index) => {
    const line = body.rows[index] ?? body.appendChild(h("tr", {}, row.map((_, at) => h(`td${numbers.includes(at) ? ".num" : at === 0 ? ".mono" : ""}`))));
    row.forEach((text, at) => put(line.cells[at], text));
  });
  while (body.rows.length > rows.length) body.deleteRow(-1);
}

/** The panel of details; it is made anew when it is of something else. */
function showDetail(of, make, order_) {
  const panel = $("detail");
  if (panel.of !== of) {
    panel.of = of;
    panel.parts = make();
    const [title, ...rest] = order_(panel.parts);
    panel.replaceChildren(h("header", {}, title, h("button", { type: "button", onclick: () => closeDetail(), title: "Close (Esc)" }, "Close")), ...rest);
    panel.hidden = false;
  }
  return panel.parts;
}
function hideDetail() {
  const panel = $("detail");
  if (!panel.of) return;
  panel.of = null;
  panel.hidden = true;
  panel.replaceChildren();
}
function closeDetail() {
  hideDetail();
  place.go({ select: null });
  document.querySelector("main .rows")?.focus();
}
