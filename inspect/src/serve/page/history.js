// The past: how many were active at each moment, one key on the other, against the processors and the workers there were.
const RANGES = [["10m", "10 minutes"], ["1h", "hour"], ["6h", "6 hours"], ["24h", "24 hours"], ["7d", "7 days"]];
const HUES = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f", "#ff9da7", "#8cd17d"];
const REST = "#8d98a4";
const TALL = 190;
const clockAt = (ms, step = 1000) => { const text = new Date(ms).toISOString(); return step >= 864e5 ? text.slice(0, 10) : text.slice(11, step >= 6e4 ? 16 : 19); };
/** A moment as the address and the server have it. */
const moment = (ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Sampled seconds of a run: a column a second, fifty rows in it, as dark as threads were at work (orange) or waited (blue). */
class Heat {
  constructor() {
    this.canvas = h("canvas", { role: "img" });
    this.lines = h("p.dim");
    this.node = h("div.heat", { hidden: true }, h("h3", {}, "Within each second"), this.canvas, this.lines);
  }
  set(board, from, to) {
    this.node.hidden = !board;
    if (!board) return;
    const rows = 50;
    const columns = Math.max(1, Math.round((to - from) / 1000));
    const wide = Math.max(2, Math.min(12, Math.floor((this.node.clientWidth || 600) / columns)));
    [this.canvas.width, this.canvas.height] = [columns * wide, rows * 4];
    const draw = this.canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const [work, wait] = ["--work", "--wait"].map((name) => style.getPropertyValue(name));
    // What nobody looked at is shaded as it is above: it is not known to have been idle.
    const shade = () => { draw.globalAlpha = 0.45; draw.fillStyle = style.getPropertyValue("--line"); };
    shade();
    draw.fillRect(0, 0, this.canvas.width, this.canvas.height);
    for (const second of board.seconds) {
      const x = Math.round((Date.parse(second.at) - from) / 1000) * wide;
      draw.clearRect(x, 0, wide, rows * 4);
      for (let row = 0; row < rows; row += 1) {
        const [works, waits] = [second.work[row], second.wait[row]];
        if (works === null) { shade(); draw.fillRect(x, row * 4, wide, 4); continue; }
        if (works + waits <= 0) continue;
        draw.globalAlpha = Math.max(0.08, Math.min(1, (works + waits) / Math.max(0.001, board.most)));
        draw.fillStyle = works >= waits ? work : wait;
        draw.fillRect(x, row * 4, Math.max(1, wide - (wide > 3 ? 1 : 0)), 3);
      }
    }
    attribute(this.canvas, "aria-label", `${board.name}: ${board.seconds.length} seconds that were sampled, in fifty parts each; at most ${short(board.most)} at work or waiting`);
    put(this.lines, board.lines.slice(0, 4).map((line) => `${percent(line.share)} ${line.line}`).join("; "));
  }
}

/** One run of a process: its picture, its keys, and what was at the moment that is pointed at. */
class Past {
  constructor(view) {
    this.view = view;
    this.title = h("h2");
    this.facts = h("span.dim");
    this.box = h("div.past", { role: "slider", tabindex: "0", "aria-orientation": "horizontal" });
    this.said = h("p");
    this.rows = h("tbody");
    this.keys = h("table.small", {}, h("caption.sr", {}, "Active on average, by key"), h("thead", {}, h("tr", {}, ...["", "Key", "Mean", "Most", "There"].map((text, index) => h(index > 1 ? "th.num" : "th", { scope: "col" }, text)))), this.rows);
    this.end = h("ul.findings", { hidden: true });
    this.heat = new Heat();
    this.node = h("section.card", {}, h("header", {}, this.title, this.facts), this.box, this.heat.node, this.said, this.keys, this.end);
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("click", (event) => { const { left, width } = this.box.getBoundingClientRect(); this.point(((event.clientX - left) / width) * this.wide); });
  }
  set(board, said) {
    this.board = board;
    this.from = Date.parse(said.from);
    this.to = Math.max(Date.parse(said.to), this.from + 1000);
    this.step = said.step_ns / 1e6;
    // Of several hosts a point says how many it is of.
    this.gaps = board.hosts ? [] : said.gaps.map((gap) => [Date.parse(gap.from), Date.parse(gap.to), gap.why]);
    this.points = board.points.map((point) => ({ ...point, ms: Date.parse(point.at), all: Object.values(point.active).reduce((sum, value) => sum + value, 0) }));
    const sums = new Map();
    for (const point of this.points) for (const [key, value] of Object.entries(point.active)) { const known = sums.get(key) ?? { sum: 0, most: 0 }; known.sum += value; known.most = Math.max(known.most, value); sums.set(key, known); }
    this.order = [...sums].sort((a, b) => b[1].sum - a[1].sum || order(a[0], b[0])).map(([key, { sum, most }], rank) => ({ key, most, mean: sum / Math.max(1, this.points.length), hue: HUES[rank] ?? REST }));
    const whole = board.hosts ? `${board.name} at ${board.hosts.length === 1 ? board.hosts[0] : `${board.hosts.length} hosts`}` : `${board.name} · ${board.pid}`;
    put(this.title, whole);
    this.title.title = board.hosts?.join(", ") ?? "";
    const most = this.points.reduce((most, point) => Math.max(most, point.all), 0);
    put(this.facts, `${short(most)} active at most; ${board.cores} processors, ${board.workers} workers; a point is ${time(said.step_ns)}`);
    attribute(this.node, "aria-label", whole);
    this.draw();
  }
  /** The point of the moment that the address names; where that has none, one close by: a wide point may begin before anything
   *  was recorded of it. */
  get at() {
    const wanted = Date.parse(place.now.at ?? "");
    const exact = this.points.findIndex((point) => wanted >= point.ms && wanted < point.ms + this.step);
    if (exact >= 0 || !wanted) return exact;
    const far = (point) => Math.abs(point.ms - wanted);
    const near = this.points.reduce((best, point, index) => (best < 0 || far(point) < far(this.points[best]) ? index : best), -1);
    return near >= 0 && far(this.points[near]) <= (this.to - this.from) / 20 ? near : -1;
  }
  draw() {
    const wide = (this.wide = Math.max(200, this.box.clientWidth || 700));
    const most = this.points.reduce((most, point) => Math.max(most, point.all), 0);
    // A line that is far above everything would press the rest flat: it is said in words then.
    const lines = [["processors", this.board.cores], ["workers", this.board.workers]].filter(([, value]) => value && value <= Math.max(4, most * 3));
    const high = Math.max(1, most, ...lines.map(([, value]) => value)) * 1.06;
    const x = (ms) => ((ms - this.from) / (this.to - this.from)) * wide;
    const y = (value) => TALL - (value / high) * (TALL - 14);
    const nodes = [];
    for (const [from, to, why] of this.gaps) { const gap = svg("rect", { class: "gap", x: x(from).toFixed(1), y: 0, width: Math.max(1, x(to) - x(from)).toFixed(1), height: TALL }); gap.append(svg("title")); put(gap.firstChild, why); nodes.push(gap); }
    for (const value of [high / 1.06, high / 2.12]) nodes.push(svg("line", { x1: 0, x2: wide, y1: y(value), y2: y(value) }), this.text(2, y(value) - 3, short(value)));
    const below = new Map(this.points.map((point) => [point, 0]));
    for (const { key, hue } of this.order) {
      let path = "";
      for (const point of this.points) {
        const value = point.active[key];
        if (!value) continue;
        const [left, right, floor] = [Math.max(0, x(point.ms)), Math.min(wide, x(point.ms + this.step)), below.get(point)];
        path += `M${left.toFixed(1)} ${y(floor).toFixed(1)}V${y(floor + value).toFixed(1)}H${Math.max(left + 0.6, right).toFixed(1)}V${y(floor).toFixed(1)}Z`;
        below.set(point, floor + value);
      }
      nodes.push(svg("path", { d: path, fill: hue, class: this.view.lit && this.view.lit !== key ? "off" : "" }));
    }
    for (const [name, value] of lines) nodes.push(svg("line", { class: `held ${name}`, x1: 0, x2: wide, y1: y(value), y2: y(value) }), this.text(wide - 4, y(value) - 3, `${value} ${name}`, "end"));
    const marks = wide < 500 ? 3 : 6;
    for (let mark = 0; mark < marks; mark += 1) { const ms = this.from + ((this.to - this.from) * mark) / (marks - 1); nodes.push(this.text(x(ms), TALL + 14, clockAt(ms, (this.to - this.from) / marks), mark === 0 ? "start" : mark === marks - 1 ? "end" : "middle")); }
    const at = this.at;
    if (at >= 0) nodes.push(svg("rect", { class: "there", x: x(this.points[at].ms).toFixed(1), y: 0, width: Math.max(2, x(this.points[at].ms + this.step) - x(this.points[at].ms)).toFixed(1), height: TALL }));
    this.box.replaceChildren(svg("svg", { viewBox: `0 0 ${wide} ${TALL + 20}`, height: TALL + 20, width: "100%", "aria-hidden": "true" }, ...nodes));
    this.tell(at);
  }
  text(x, y, text, anchor = "start") { const node = svg("text", { x: x.toFixed(1), y: Math.max(10, y).toFixed(1), "text-anchor": anchor }); put(node, text); return node; }
  /** The numbers, which need no eyes. */
  tell(at) {
    const [point, board] = [this.points[at], this.board];
    const some = (all, words) => Object.entries(all).map(([name, value]) => words(name, value)).filter(Boolean).slice(0, 6);
    const words = point && [
      `${clockAt(point.ms)} UTC: ${short(point.all)} active`,
      ...some(point.threads, (name, { load }) => load >= 0.5 && `${name} ${percent(load)} busy`),
      ...some(point.queues, (name, queue) => queue.depth > 0 && `${name}: ${whole(queue.depth)} waiting${queue.oldest_age_ns ? `, the oldest ${time(queue.oldest_age_ns)}` : ""}`),
      board.hosts && point.hosts < board.hosts.length && `of ${point.hosts} of ${board.hosts.length} hosts`,
      point.finding,
    ].filter(Boolean).join("; ");
    put(this.said, words || "Click, or the arrow keys: what was at a moment. Enter looks closer.");
    classes(this.said, point ? "" : "dim");
    attribute(this.box, "aria-label", `Active on average of ${this.board.name}, ${clockAt(this.from)} to ${clockAt(this.to)} UTC`);
    attribute(this.box, "aria-valuemin", 0);
    attribute(this.box, "aria-valuemax", Math.max(0, this.points.length - 1));
    attribute(this.box, "aria-valuenow", Math.max(0, at));
    attribute(this.box, "aria-valuetext", words || "no moment chosen");
    this.rows.replaceChildren(...this.order.map(({ key, mean, most, hue }) => {
      const swatch = h("i.swatch", { "aria-hidden": "true" });
      swatch.style.background = hue;
      return h("tr", { onmouseenter: () => this.view.light(key), onmouseleave: () => this.view.light(null) }, h("td", {}, swatch), h("td", {}, key), ...[mean, most, point ? point.active[key] ?? 0 : null].map((value) => h("td.num", {}, short(value))));
    }));
    const ends = board.ended ?? (board.end ? [board.end] : []);
    this.end.hidden = !ends.length;
    this.end.replaceChildren(...ends.slice(0, 10).map((end) => h("li.critical", {}, h("div", {}, `${end.host ? `${end.host}, process ${end.pid}` : "It"} ended: ${end.verdict}`), ...(end.in_flight ?? []).slice(0, 10).map((line) => h("div.dim", {}, line)))));
  }
  point(x) {
    const ms = this.from + (x / this.wide) * (this.to - this.from);
    // The nearest that there is.
    const near = this.points.reduce((best, point) => (!best || Math.abs(point.ms + this.step / 2 - ms) < Math.abs(best.ms + this.step / 2 - ms) ? point : best), null);
    if (near) place.go({ at: moment(near.ms) });
  }
  key(event) {
    const { points } = this;
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -1e9, End: 1e9 }[event.key];
    if (event.key === "Enter" && this.at >= 0) { this.view.closer(points[this.at].ms, this.step); return; }
    if (!step || !points.length) return;
    event.preventDefault();
    const at = this.at < 0 ? (step > 0 ? -1 : points.length) : this.at;
    place.go({ at: moment(points[Math.max(0, Math.min(points.length - 1, at + step))].ms) });
  }
}

const historyView = {
  lit: null,
  all: new Map(),
  get node() {
    if (this.made) return this.made;
    const go = (change) => place.go({ at: null, ...change }, true);
    this.range = h("select", { "aria-label": "The last", onchange: () => { if (this.range.value) go({ since: this.range.value, until: null }); } });
    this.since = h("input", { id: "since", size: 19, placeholder: "03:12 or 2h", onchange: () => go({ since: this.since.value.trim() || null }) });
    this.until = h("input", { id: "until", size: 19, placeholder: "now", onchange: () => go({ until: this.until.value.trim() || null }) });
    this.by = h("select", { "aria-label": "By", onchange: () => go({ by: this.by.value }) }, ["status", "kind", "line", "thread"].map((value) => h("option", { value }, `by ${value}`)), this.byHost = h("option", { value: "host" }, "by host"));
    this.near = h("button", { type: "button", hidden: true, onclick: () => { const ms = Date.parse(place.now.at ?? ""); if (ms) this.closer(ms, this.step); } }, "Look closer");
    this.note = h("p.note", { role: "status", hidden: true });
    this.gaps = h("p.dim");
    this.list = h("div.whys");
    new ResizeObserver(() => this.redraw()).observe(this.list);
    return (this.made = h("div.whys", {}, h("div.tools", {}, this.range, h("label", {}, "from ", this.since), h("label", {}, "to ", this.until), h("span.dim", {}, "UTC"), this.by, this.near), this.note, this.list, this.gaps));
  },
  query() {
    const said = new URLSearchParams({ since: place.now.since ?? "10m", by: place.now.by ?? "status", points: "300" });
    if (place.now.until) said.set("until", place.now.until);
    // A process that was started again is the same daemon: by name, not by today's pid.
    const [one, more] = place.now.board ? store.meant() : [];
    // Of one board of one host, that host's.
    const host = one && !more && one.host ? one.key.slice(0, one.key.lastIndexOf("~") + 1) : "";
    if (place.now.board) said.set("board", one ? host + one.name : place.now.board);
    return `/api/v1/history?${said}`;
  },
  draw() {
    const { since = "10m", until = "" } = place.now;
    const preset = !until && RANGES.some(([value]) => value === since);
    if (this.ranged !== `${since} ${until}`) {
      this.ranged = `${since} ${until}`;
      this.range.replaceChildren(...(preset ? [] : [h("option", { value: "" }, "chosen times")]), ...RANGES.map(([value, text]) => h("option", { value, selected: preset && value === since }, `the last ${text}`)));
      if (document.activeElement !== this.since) this.since.value = preset ? "" : since;
      if (document.activeElement !== this.until) this.until.value = until;
    }
    this.byHost.hidden = !store.endpoints && place.now.by !== "host";
    if (document.activeElement !== this.by) this.by.value = place.now.by ?? "status";
    this.near.hidden = !place.now.at;
    const query = this.query();
    // What is over does not change; what goes on is asked for again when there may be another point.
    const stale = !until && !place.paused && performance.now() - this.asked > (this.failed === query ? 15000 : Math.max(2000, Math.min(30000, this.step || 0)));
    if ((query !== this.of || stale) && !this.asking && document.visibilityState === "visible") this.ask(query);
    if (this.shownAt !== place.now.at) this.redraw();
  },
  async ask(query) {
    [this.asking, this.of, this.asked] = [true, query, performance.now()];
    try {
      const said = await server.get(query);
      this.take(said);
      const [from, to] = [Date.parse(said.from), Date.parse(said.to)];
      // A longer time has more columns than a screen.
      const heat = to - from <= 600_000 && !said.together ? await server.get(query.replace("/history?", "/heat?").replace(/&(by|points)=[^&]*/g, "")) : { boards: [] };
      for (const [key, past] of this.all) past.heat.set(heat.boards.find((board) => `${board.name} ${board.pid} ${board.instance}` === key), from, to);
      this.note.hidden = true;
      this.failed = null;
    } catch (error) {
      this.failed = query;
      this.note.hidden = false;
      put(this.note, error.message);
    }
    this.asking = false;
    if (this.of !== this.query()) paint();
  },
  take(said) {
    this.step = said.step_ns / 1e6;
    // The last run first.
    const boards = said.together ?? said.boards.filter((board) => board.points.length || board.end).reverse().slice(0, 20);
    const key = (board) => `${board.name} ${board.pid} ${board.instance}`;
    for (const [known, past] of this.all) if (!boards.some((board) => key(board) === known)) { past.node.remove(); this.all.delete(known); }
    boards.forEach((board, index) => {
      let past = this.all.get(key(board));
      if (!past) this.all.set(key(board), past = new Past(this));
      if (this.list.children[index] !== past.node) this.list.insertBefore(past.node, this.list.children[index] ?? null);
      past.set(board, said);
    });
    this.shownAt = place.now.at;
    const of = (gap) => (gap.endpoint ? `${hostName(gap.endpoint)} ` : "");
    const lines = [
      !boards.length && "Nothing was recorded in that time.",
      boards.length && said.gaps.length && `${said.gaps.length} ${said.gaps.length === 1 ? "gap" : "gaps"}: ${said.gaps.slice(0, 3).map((gap) => `${of(gap)}${clockAt(Date.parse(gap.from))} to ${clockAt(Date.parse(gap.to))}, ${gap.why}`).join("; ")}`,
      ...(said.endpoints ?? []).filter((one) => one.state !== "ok").map((one) => `${hostName(one.endpoint)} is ${one.state}: ${one.error}`),
    ];
    this.gaps.replaceChildren(...lines.filter(Boolean).map((line) => h("div", {}, line)));
  },
  redraw() { this.shownAt = place.now.at; for (const past of this.all.values()) past.draw(); },
  light(key) { if (this.lit !== key) { this.lit = key; for (const past of this.all.values()) for (const [index, path] of [...past.box.querySelectorAll("path")].entries()) classesOf(path, key && past.order[index].key !== key ? "off" : ""); } },
  /** The time around a moment, thirty points wide. */
  closer(ms, step) { place.go({ since: moment(ms - 15 * step), until: moment(ms + 15 * step), at: moment(ms) }, true); },
};
/** A class of a node of SVG, whose `className` is no text. */
function classesOf(node, text) { attribute(node, "class", text || null); }
