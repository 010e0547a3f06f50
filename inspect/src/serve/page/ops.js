// Operations: what is in flight and what ended, by kind as counts that lead to their samples, and one by one.
const BUCKETS = [[0, "≥0"], [1e6, "≥1ms"], [1e7, "≥10ms"], [1e8, "≥100ms"], [1e9, "≥1s"], [1e10, "≥10s"]];
const bucketOf = (ns) => BUCKETS.findLastIndex(([least]) => ns >= least);

const opsView = {
  get node() {
    if (this.made) return this.made;
    const common = [
      { key: "id", label: "Operation", width: "6rem", narrow: "3.6rem", value: (row) => row.of.id, show: (row, node) => cell(node, row.of.id, "mono") },
      { key: "kind", label: "Kind", width: "minmax(5rem, .7fr)", wide: true, value: (row) => row.of.kind, show: (row, node) => cell(node, row.of.kind) },
      { key: "label", label: "What", width: "minmax(6rem, 2fr)", narrow: "minmax(0, 1.5fr)", value: (row) => row.what, show: (row, node) => { cell(node, row.what, row.of.leaked ? "bad" : "strong"); node.title = row.what; } },
    ];
    this.live = new Table([
      hostColumn(), boardColumn(),
      ...common,
      { key: "age", label: "Age", width: "5rem", narrow: "4.2rem", num: true, value: (row) => row.board.since(row.of.begun_at_ms), show: (row, node) => cell(node, age(row.board.since(row.of.begun_at_ms))) },
      { key: "active", label: "At it", width: "5rem", narrow: "4.2rem", num: true, wide: true, title: "Since it began or last rested; nothing while it rests", value: (row) => row.board.since(row.of.active_at_ms), show: (row, node) => cell(node, age(row.board.since(row.of.active_at_ms)), slow(row.board.since(row.of.active_at_ms))) },
      { key: "status", label: "Status", width: "minmax(5rem, .9fr)", narrow: "minmax(0, 1fr)", value: (row) => row.of.status, show: (row, node) => cell(node, row.of.cancelled ? `${row.of.status ?? ""} (cancellation requested)` : row.of.status ?? NONE) },
      { key: "for", label: "For", width: "5rem", num: true, wide: true, spare: 1, value: (row) => row.board.since(row.of.status_at_ms), show: (row, node) => cell(node, age(row.board.since(row.of.status_at_ms))) },
      { key: "moves", label: "Moves", width: "4rem", num: true, wide: true, title: "How often it moved while this page looks", value: (row) => row.moves?.count ?? 0, show: (row, node) => cell(node, row.moves ? whole(row.moves.count) : "0", row.moves && store.now_ms - row.moves.at < 1600 ? "good" : "dim") },
      { key: "thread", label: "Thread", width: "minmax(4rem, .7fr)", wide: true, spare: 2, value: (row) => row.of.thread, show: (row, node) => cell(node, row.of.working ? row.of.thread ?? NONE : NONE) },
      { key: "where", label: "Where", width: "minmax(5rem, 1fr)", wide: true, value: (row) => file(row.of.file, row.of.line), show: (row, node) => cell(node, file(row.of.file, row.of.line), "mono dim") },
    ], { name: "Operations in flight", id: (row) => row.id, sort: "active", down: true, sorts: true, select: (row) => place.go({ select: row.id }) });
    this.ended = new Table([
      hostColumn(), boardColumn(),
      ...common,
      { key: "took", label: "Took", width: "5.5rem", num: true, value: (row) => row.of.took_ns, show: (row, node) => cell(node, time(row.of.took_ns), slow(row.of.took_ns / 1e6)) },
      { key: "outcome", label: "Outcome", width: "6rem", value: (row) => row.of.outcome, show: (row, node) => cell(node, row.of.outcome ?? NONE, row.of.outcome === "ok" ? "good" : "bad") },
      { key: "ago", label: "Ended", width: "5.5rem", num: true, value: (row) => row.board.since(row.of.ended_at_ms), show: (row, node) => cell(node, `${age(row.board.since(row.of.ended_at_ms))}`) },
      { key: "status", label: "Last status", width: "minmax(5rem, .9fr)", wide: true, spare: 1, value: (row) => row.of.status, show: (row, node) => cell(node, row.of.status ?? NONE) },
      { key: "where", label: "Where", width: "minmax(5rem, 1fr)", wide: true, value: (row) => file(row.of.file, row.of.line), show: (row, node) => cell(node, file(row.of.file, row.of.line), "mono dim") },
    ], { name: "Operations that ended", id: (row) => row.id, sort: "ago", down: false, sorts: true, select: (row) => place.go({ select: row.id }) });
    this.kinds = h("div.kinds", {}, h("table", {}, h("caption.sr", {}, "Operations by kind: running, ended ones by how long they took, errors; each number shows its samples"),
      h("thead", {}, h("tr", {}, ["Kind", "Running", ...BUCKETS.map(([, text]) => text), "Errors", "p50", "p99", "ok/s", "errors/s"].map((text, index) => h(`th${[2, 8, 9].includes(index) ? ".edge" : ""}`, { scope: "col" }, text)))), this.body = h("tbody")));
    this.over = h("select", { "aria-label": "At it for longer than", onchange: () => place.go({ over: this.over.value || null }) },
      [["", "any time"], ["10ms", "over 10ms"], ["100ms", "over 100ms"], ["1s", "over 1s"], ["10s", "over 10s"], ["1m", "over 1m"]].map(([value, text]) => h("option", { value }, text)));
    const chip = (list, text) => h("button", { type: "button", "data-list": list, onclick: () => place.go({ list: list === "live" ? null : list, bucket: null, sort: null, down: null, select: null }) }, text);
    this.chips = h("div.chips", { role: "group", "aria-label": "Which" }, chip("live", "In flight"), chip("ended", "Ended"));
    this.clear = h("button", { type: "button", onclick: () => place.go({ kind: null, bucket: null, over: null, filter: null, select: null }) }, "All");
    this.tools = h("div.tools", {}, this.chips, filterField("Filter operations", "kind, label, peer, status, thread"), this.over, this.clear, this.counted = h("span.dim"));
    this.place = h("div", { class: "fill" });
    return (this.made = h("div", { class: "fill" }, this.kinds, this.tools, this.place));
  },
  draw() {
    const { list = "live", kind, bucket, over } = place.now;
    const ended = list === "ended";
    const table = ended ? this.ended : this.live;
    if (this.place.firstChild !== table.node) this.place.replaceChildren(table.node);
    for (const button of this.chips.children) attribute(button, "aria-pressed", button.dataset.list === list ? "true" : "false");
    if (document.activeElement !== this.over) {
      if (over && ![...this.over.options].some((option) => option.value === over)) this.over.append(h("option", { value: over }, `over ${over}`));
      this.over.value = over ?? "";
    }
    this.over.hidden = ended;
    this.clear.hidden = !(kind || bucket || over || place.now.filter);
    const takes = matcher(place.now.filter);
    const least = milliseconds(over);
    const rows = [];
    let all = 0;
    for (const board of store.shown()) {
      for (const of of (ended ? board.ended : board.ops).values()) {
        all += 1;
        if (kind && of.kind !== kind) continue;
        if (!ended && least !== null && !((board.since(of.active_at_ms) ?? -1) >= least)) continue;
        if (ended && bucket === "errors" && of.outcome === "ok") continue;
        if (ended && bucket && bucket !== "errors" && bucketOf(of.took_ns) !== Number(bucket)) continue;
        if (!takes(of.kind, of.label, of.peer, of.status, of.thread, of.file, of.outcome)) continue;
        rows.push({ id: `${board.ref}/${of.id}`, board, of, moves: board.moves.get(of.id), what: [of.sensitive ? "(sensitive)" : of.label, of.peer && `from ${of.peer}`].filter(Boolean).join(" ") || of.kind });
      }
    }
    put(this.counted, `${rows.length === all ? all : `${rows.length} of ${all}`}${ended ? " that ended and are still there" : " in flight"}${kind ? `, kind ${kind}` : ""}`);
    table.set(rows, ended ? "Nothing that ended is still there." : all ? "No operation matches." : "Nothing is in flight.");
    this.drawKinds();
    if (place.now.select) this.detail(place.now.select);
  },
  drawKinds() {
    const kinds = new Map();
    const of = (name) => { let one = kinds.get(name); if (!one) kinds.set(name, one = { running: 0, buckets: BUCKETS.map(() => 0), errors: 0, ok: 0, bad: 0, p50: null, p99: null }); return one; };
    for (const board of store.shown()) {
      for (const kind of board.kinds.values()) {
        const one = of(kind.kind);
        one.running += kind.in_flight;
        const bad = ({ error, panicked }) => error + panicked;
        one.errors += bad(kind.since_start);
        if (kind.rates) { one.ok += kind.rates.ok; one.bad += bad(kind.rates); }
      }
      for (const ended of board.ended.values()) of(ended.kind).buckets[bucketOf(ended.took_ns)] += 1;
      for (const histogram of board.histograms.values()) {
        const kind = histogram.name === "op_time" ? Object.values(histogram.labels)[0] : null;
        if (!kind || !kinds.has(kind) || histogram.recent.p99 === null) continue;
        const one = of(kind);
        one.p50 = Math.max(one.p50 ?? 0, histogram.recent.p50);
        one.p99 = Math.max(one.p99 ?? 0, histogram.recent.p99);
      }
    }
    const said = (one) => one.running || one.errors || one.ok || one.bad || one.buckets.some((count) => count > 0);
    const names = [...kinds.keys()].filter((name) => said(kinds.get(name)) || name === place.now.kind).sort();
    names.forEach((name, index) => {
      const one = kinds.get(name);
      const row = this.body.rows[index] ?? this.body.appendChild(this.kindRow());
      row.kind = name;
      put(row.cells[0], name);
      const counts = [one.running, ...one.buckets, one.errors];
      counts.forEach((count, at) => {
        const button = row.cells[at + 1].firstChild;
        put(button, whole(count));
        classes(button, count ? "" : "zero");
        const on = place.now.kind === name && (at === 0 ? (place.now.list ?? "live") === "live" : place.now.bucket === (at === 7 ? "errors" : String(at - 1)));
        attribute(button, "aria-pressed", on ? "true" : "false");
        attribute(button, "aria-label", `${whole(count)} ${name} ${at === 0 ? "running" : at === 7 ? "ended with an error since the start" : `took ${BUCKETS[at - 1][1]}`}: show them`);
      });
      [time(one.p50), time(one.p99), short(one.ok), short(one.bad)].forEach((text, at) => put(row.cells[at + 9], text));
      row.cells[12].className = one.bad > 0 ? "bad" : "dim";
    });
    while (this.body.rows.length > names.length) this.body.deleteRow(-1);
    this.kinds.hidden = !names.length;
  },
  kindRow() {
    const row = h("tr", {}, h("th", { scope: "row" }));
    for (let at = 0; at < 8; at += 1) {
      const show = () => place.go(at === 0 ? { kind: row.kind, list: null, bucket: null, sort: null, down: null, select: null }
        : { kind: row.kind, list: "ended", bucket: at === 7 ? "errors" : String(at - 1), sort: "took", down: "1", select: null });
      row.append(h(`td${[1, 7].includes(at) ? ".edge" : ""}`, {}, h("button", { type: "button", onclick: show })));
    }
    for (let at = 0; at < 4; at += 1) row.append(h(`td${at === 0 ? ".edge" : ""}`));
    return row;
  },
  detail(id) {
    const panel = showDetail(`op ${id}`, () => {
      this.asked = 0;
      this.awaited = null;
      this.lost = null;
      this.said = null;
      return { title: h("h2"), facts: h("dl.facts"), historyTitle: h("h3", {}, "History"), totalsTitle: h("h3", {}, "Time in each status"), steps: h("div.steps", { "aria-hidden": "true" }), history: h("table.small"), totals: h("table.small"), stack: h("table.small"), stackTitle: h("h3", {}, "Open scopes of its thread"), note: h("p.note", { role: "alert", hidden: true }), cancel: h("button.danger", { type: "button", hidden: true, onclick: () => this.cancel(id) }, "Cancel this operation") };
    }, (parts) => [parts.title, parts.note, parts.facts, h("p.tools", {}, parts.cancel), parts.historyTitle, parts.steps, parts.history, parts.totalsTitle, parts.totals, parts.stackTitle, parts.stack]);
    // What is over and was not found is not asked for again, unless it is seen.
    const [ref, number] = id.split("/");
    const seen = () => [...store.boards.values()].some((board) => board.ref === ref && (board.ops.has(number) || board.ended.has(number)));
    // Nor is anything while an answer is awaited: a slow server is asked once.
    if (store.seq !== this.asked && this.awaited !== id && !place.paused && (this.lost !== id || seen())) {
      this.asked = store.seq;
      this.awaited = id;
      const come = () => { if (this.awaited === id) this.awaited = null; };
      server.get(`/api/v1/ops/${id.split("/").map(encodeURIComponent).join("/")}`).finally(come).then((said) => { this.lost = null; this.said = said; this.fill(panel, said, id); }, (error) => {
        this.lost = id;
        if ($("detail").of !== `op ${id}`) return;
        put(panel.title, id.split("/")[1] ?? id);
        this.note(panel, error.message);
        panel.cancel.hidden = true;
      });
    }
  },
  fill(panel, { op, thread_stack }, id) {
    if ($("detail").of !== `op ${id}`) return;
    put(panel.title, `${op.id} ${op.kind}`);
    if (panel.note.dataset.from !== "cancel") panel.note.hidden = true;
    fillFacts(panel.facts, [
      ["What", op.sensitive ? "(sensitive: not on the board)" : op.label], ["Peer", op.peer], ["Age", time(op.age_ns)], ["At it", op.active_ns === null ? null : time(op.active_ns)],
      ["Status", op.status], ["Outcome", op.outcome], ["Thread", op.working ? op.thread : null], ["Line", op.file ? `${op.file}:${op.line}` : null], ["Began at", op.begun_file ? `${op.begun_file}:${op.begun_line}` : null],
      ["Part of", op.parent], ["Trace", op.trace?.trace_id], ["Span", op.trace?.span_id], ["Under span", op.trace?.parent_span_id], ["Served", op.served || null], ["Cancellation", op.cancelled ? "requested" : null], ["Leaked", op.leaked ? "its thread is gone, or nobody has polled it for a minute" : null], ["Host", op.endpoint], ["Board", `${op.board} · ${op.pid}`],
    ]);
    const whole_ = Math.max(1, op.age_ns);
    panel.steps.replaceChildren(...op.history.map((step) => {
      const node = h("span", { class: step.class ?? "idle", title: `${step.status} ${time(step.for_ns)}` }, step.status);
      node.style.flex = `${(step.for_ns / whole_).toFixed(5)} 1 0`;
      return node;
    }));
    fillRows(panel.history, ["At", "For", "Status", "Line"], op.history.map((step) => [time(step.at_ns), time(step.for_ns), step.status, step.place ? file(step.place.file, step.place.line) : ""]), [0, 1]);
    fillRows(panel.totals, ["Time", "Share", "Status"], op.totals.map((total) => [time(total.ns), percent(total.ns / whole_), total.status]), [0, 1]);
    // Whose program says no status has no history.
    for (const part of [panel.historyTitle, panel.steps, panel.history]) part.hidden = !op.history.length;
    panel.totalsTitle.hidden = panel.totals.hidden = !op.totals.length;
    panel.stackTitle.hidden = panel.stack.hidden = !thread_stack?.length;
    if (thread_stack?.length) fillRows(panel.stack, ["Where", "Label"], thread_stack.map((one) => [file(one.file, one.line), one.label ?? one.function ?? ""]));
    panel.cancel.hidden = Boolean(op.outcome) || !op.cancellable || !server.health.cancel;
    panel.cancel.disabled = op.cancelled;
  },
  note(panel, text, from = "") {
    panel.note.hidden = !text;
    panel.note.dataset.from = from;
    put(panel.note, text ?? "");
  },
  async cancel(id) {
    const panel = $("detail").parts;
    const [pid, op] = id.split("/");
    this.note(panel, "cancellation requested …", "cancel");
    try {
      const said = await server.cancel(pid, op);
      this.note(panel, said.ended ? `${said.outcome ?? "ended"}, ${time(said.after_ns)} after the request` : "requested; it has not looked yet and still is in flight", "cancel");
    } catch (error) { this.note(panel, error.message, "cancel"); }
  },
};
const slow = (ms) => (ms === null || ms === undefined ? "" : ms >= 10000 ? "bad strong" : ms >= 1000 ? "warn" : "");
