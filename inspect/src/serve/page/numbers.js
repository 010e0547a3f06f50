// Queues and numbers: each with its last two minutes; one by one with axes.
const NAMES = { counters: "counter", gauges: "gauge", ratios: "ratio", histograms: "histogram", queues: "queue", heartbeats: "heartbeat", progress: "progress" };

const paced = (value) => `${short(value)}/s`;
/** What is said of a number of each kind. Only of what is in view: of five hundred it takes longer than all the rest. */
const SAID = {
  counters: { value: ({ of }) => of.value, text: ({ of }) => whole(of.value), words: () => paced, more: ({ of, unit }) => (of.rate_per_s === null ? "" : `${paced(of.rate_per_s)}${unit ? ` ${unit}` : ""}`), used: ({ of }) => of.value > 0 },
  gauges: { value: ({ of }) => of.value, text: ({ of, unit }) => quantity(of.value, unit), more: ({ of, unit }) => `highest ${quantity(of.max, unit)}`, used: ({ of }) => of.value !== 0 || of.max !== 0 },
  ratios: { value: ({ of }) => of.value, text: ({ of }) => percent(of.value), words: () => percent, more: ({ of }) => `${percent(of.since_start)} since the start`, used: ({ of }) => of.since_start !== null },
  histograms: { value: ({ of }) => of.recent.p99, text: ({ of, unit }) => quantity(of.recent.p99, unit), more: ({ of, unit }) => `p99; p50 ${quantity(of.recent.p50, unit)}, max ${quantity(of.recent.max, unit)}`, used: ({ of }) => of.count > 0 },
  heartbeats: { value: ({ board, of }) => board.since(of.last_at_ms), text: ({ board, of }) => (of.count ? `${age(board.since(of.last_at_ms))} ago` : "never"), more: ({ of }) => `every ${time(of.every_ns)}, ${whole(of.count)} times`, bad: ({ of }) => of.overdue },
  progress: { value: ({ of }) => of.done, text: ({ of }) => whole(of.done), words: () => short, more: ({ of }) => `of ${whole(of.total)}${of.total ? `, ${percent(of.done / of.total)}` : ""}` },
};
class NumberRow {
  constructor(board, kind, key, of) { [this.board, this.kind, this.key, this.of, this.said] = [board, kind, key, of, SAID[kind]]; }
  // Not by the pid: another host may have the same, and then its numbers would be shown.
  get id() { return `${this.board.ref}/${this.kind}/${this.key}`; }
  get name() { return this.key; }
  get series() { return `${this.kind} ${this.key}`; }
  get meaning() { return this.board.meaning.get(this.of.name); }
  get unit() { return this.meaning?.unit; }
  get value() { return this.said.value(this); }
  get text() { return this.said.text(this); }
  get more() { return this.said.more(this); }
  get used() { return this.said.used?.(this) ?? true; }
  get bad() { return this.said.bad?.(this) ?? false; }
  /** How a value of its line is said. */
  get words() { return this.said.words?.() ?? ((value) => quantity(value, this.unit)); }
}

const numbersView = {
  get node() {
    if (this.made) return this.made;
    this.queues = new Table([
      hostColumn(), boardColumn(),
      { key: "name", label: "Queue", width: "minmax(7rem, 1fr)", narrow: "minmax(0, 1fr)", value: (row) => row.of.name, show: (row, node) => cell(node, row.of.name, "strong") },
      { key: "depth", label: "Depth", width: "4.5rem", narrow: "3.2rem", num: true, value: (row) => row.of.depth, show: (row, node) => cell(node, whole(row.of.depth)) },
      { key: "oldest", label: "Oldest", width: "5rem", narrow: "3.8rem", num: true, value: (row) => row.board.since(row.of.oldest_at_ms), show: (row, node) => cell(node, age(row.board.since(row.of.oldest_at_ms)), slow(row.board.since(row.of.oldest_at_ms))) },
      { key: "done", label: "Completed/s", width: "6rem", num: true, wide: true, value: (row) => row.of.rate_per_s, show: (row, node) => cell(node, short(row.of.rate_per_s)) },
      { key: "wait", label: "Wait p99", width: "5rem", spare: 1, num: true, wide: true, value: (row) => row.of.wait_ns.p99, show: (row, node) => cell(node, time(row.of.wait_ns.p99)) },
      { key: "service", label: "Service p99", width: "6.2rem", spare: 2, num: true, wide: true, value: (row) => row.of.service_ns.p99, show: (row, node) => cell(node, time(row.of.service_ns.p99)) },
      { key: "load", label: "Load 10s", width: "6.5rem", narrow: "3.8rem", num: true, value: (row) => row.of.utilization["10s"], show: (row, node) => loadCell(node, row.of.utilization["10s"]) },
      { key: "line", label: "Depth, last 2 min", width: "12rem", wide: true, show: (row, node) => sparkCell(node, row.board.series.get(`queues ${row.key}`), short) },
    ], { name: "Queues", short: true, id: (row) => row.id, select: (row) => place.go({ select: row.id }) });
    this.table = new Table([
      hostColumn(), boardColumn(),
      { key: "name", label: "Number", width: "minmax(8rem, 1.6fr)", narrow: "minmax(0, 1fr)", value: (row) => row.name, show: (row, node) => { cell(node, row.name, "strong"); node.title = row.meaning?.help ?? ""; } },
      { key: "kind", label: "Kind", width: "5.5rem", wide: true, spare: 1, value: (row) => row.kind, show: (row, node) => cell(node, NAMES[row.kind], "dim") },
      { key: "value", label: "Value", width: "7rem", narrow: "5.8rem", num: true, value: (row) => row.value, show: (row, node) => cell(node, row.text, row.bad ? "bad strong" : "") },
      { key: "more", label: "Beside it", width: "minmax(6rem, 1fr)", wide: true, show: (row, node) => cell(node, row.more, "dim") },
      { key: "line", label: "Last 2 min", width: "13rem", narrow: "6rem", show: (row, node) => sparkCell(node, row.board.series.get(row.series), row.words) },
    ], { name: "Numbers", id: (row) => row.id, sorts: true, select: (row) => place.go({ select: row.id }) });
    this.used = h("input", { type: "checkbox", id: "unused", onchange: () => paint() });
    this.tools = h("div.tools", {}, filterField("Filter numbers", "name or help"), h("label", { for: "unused" }, this.used, " never used too"), this.counted = h("span.dim"));
    return (this.made = h("div", { class: "fill" }, this.queues.node, this.tools, this.table.node));
  },
  draw() {
    const takes = matcher(place.now.filter);
    const rows = [];
    const queues = [];
    let all = 0;
    for (const board of store.shown()) {
      for (const [key, of] of board.queues) {
        const used = of.arrivals > 0 || of.depth > 0 || of.oldest_at_ms !== null;
        if ((used || this.used.checked) && takes(of.name)) queues.push({ id: `${board.ref}/queues/${key}`, key, board, of });
      }
      for (const kind of ["counters", "gauges", "ratios", "histograms", "heartbeats", "progress"]) {
        for (const [key, of] of board[kind]) {
          all += 1;
          const row = new NumberRow(board, kind, key, of);
          if ((row.used || this.used.checked) && takes(row.name, row.meaning?.help)) rows.push(row);
        }
      }
    }
    this.queues.node.hidden = !queues.length;
    this.queues.set(queues);
    put(this.counted, `${rows.length} of ${all} numbers`);
    this.table.set(rows, all ? "No number matches." : "No numbers.");
    const chosen = place.now.select && rows.find((row) => row.id === place.now.select);
    const queue = queues.find((row) => row.id === place.now.select);
    if (chosen) this.detail(chosen); else if (queue) this.queueDetail(queue); else if (place.now.select) hideDetail();
  },
  detail(row) {
    const panel = showDetail(`number ${row.id}`, () => { this.chart = new Chart(row.name); return { title: h("h2"), facts: h("dl.facts"), quantiles: h("table.small") }; },
      // Of a job that runs again and again no line is kept.
      (parts) => [parts.title, ...(row.kind === "heartbeats" ? [] : [h("h3", {}, row.kind === "counters" ? "A second, last 2 minutes" : row.kind === "histograms" ? "p99, last 2 minutes" : "Last 2 minutes"), this.chart.node]), h("h3", {}, "Now"), parts.facts, parts.quantiles]);
    put(panel.title, row.name);
    fillFacts(panel.facts, [["Kind", NAMES[row.kind]], ["Value", row.text], ["Beside it", row.more], ["Meaning", row.meaning?.help], ["Unit", row.meaning?.unit], ["Board", row.board.title]]);
    if (row.kind === "histograms") {
      const line = (of, q) => [of.over_ns === null ? NONE : time(of.over_ns), whole(of.recorded), ...q.map((name) => quantity(of[name], row.meaning?.unit))];
      fillRows(panel.quantiles, ["Over", "Values", "p50", "p90", "p99", "p99.9", "max"], [row.of.recent, row.of.since_start].map((of) => line(of, ["p50", "p90", "p99", "p999", "max"])), [0, 1, 2, 3, 4, 5, 6]);
    }
    this.chart.draw(row.board.series.get(row.series), row.words);
  },
  queueDetail({ board, of, key, id }) {
    const panel = showDetail(`queue ${id}`, () => { this.chart = new Chart(`depth of ${key}`); this.second = new Chart(`completed a second of ${key}`); return { title: h("h2"), facts: h("dl.facts") }; },
      (parts) => [parts.title, h("h3", {}, "Depth, last 2 minutes"), this.chart.node, h("h3", {}, "Completed a second"), this.second.node, h("h3", {}, "Now"), parts.facts]);
    put(panel.title, of.name);
    const over = time(of.wait_ns.over_ns);
    fillFacts(panel.facts, [["Depth", `${whole(of.depth)}, highest ${whole(of.depth_max)}`], ["Oldest", age(board.since(of.oldest_at_ms))], ["Arrivals", whole(of.arrivals)], ["Completions", whole(of.completions)], ["Removed", whole(of.removed)],
      [`Wait over ${over}`, `p50 ${time(of.wait_ns.p50)}, p99 ${time(of.wait_ns.p99)}, max ${time(of.wait_ns.max)}`], [`Service over ${over}`, `p50 ${time(of.service_ns.p50)}, p99 ${time(of.service_ns.p99)}, max ${time(of.service_ns.max)}`],
      ["Load 1, 10, 60 s", ["1s", "10s", "60s"].map((window) => percentOrNone(of.utilization[window])).join("  ")], ["Meaning", board.meaning.get(of.name)?.help], ["Board", board.title]]);
    this.chart.draw(board.series.get(`queues ${key}`), short);
    this.second.draw(board.series.get(`done ${key}`), (value) => `${short(value)}/s`);
  },
};
