// The lines of the last seconds, as a table and as a flame graph. A line that is pointed at in one is marked in the other.
const LEVEL = 20;
const spotKey = (one) => `${one.file ?? ""}:${one.line ?? ""}:${one.label ?? ""}`;
const spotName = (one) => one.label || one.function || file(one.file, one.line) || "?";

const profileView = {
  lit: null,
  get node() {
    if (this.made) return this.made;
    this.table = new Table([
      { key: "share", label: "Share", width: "minmax(8rem, 12rem)", narrow: "6.5rem", value: (row) => row.share, show: (row, node) => shareCell(node, row) },
      { key: "range", label: "95 % within", width: "7rem", wide: true, show: (row, node) => cell(node, `${(row.share_low * 100).toFixed(1)}–${(row.share_high * 100).toFixed(1)}%`, "dim") },
      { key: "samples", label: "Samples", width: "5rem", num: true, wide: true, value: (row) => row.samples, show: (row, node) => cell(node, whole(row.samples)) },
      { key: "class", label: "State", width: "4rem", wide: true, value: (row) => row.class, show: (row, node) => cell(node, row.class ?? NONE, row.class ?? "") },
      { key: "where", label: "Line", width: "minmax(0, 1.2fr)", value: (row) => file(row.file, row.line), show: (row, node) => { cell(node, file(row.file, row.line), "mono"); node.title = row.file ?? ""; } },
      { key: "what", label: "What", width: "minmax(0, 1fr)", value: spotName, show: (row, node) => cell(node, spotName(row)) },
      { key: "hits", label: "Hits", width: "6rem", num: true, wide: true, value: (row) => row.hits, show: (row, node) => cell(node, short(row.hits)) },
    ], { name: "Lines", id: spotKey, sort: "share", down: true, sorts: true, lit: (row) => this.lit === spotKey(row), hover: (row) => this.light(row ? spotKey(row) : null), select: (row) => { place.go({ select: spotKey(row) }); this.light(spotKey(row)); } });
    this.flame = h("div.flame", { role: "group", "aria-label": "Flame graph: threads, their scopes and lines; as wide as their share. Enter or click zooms, Escape goes back." });
    this.reset = h("button", { type: "button", hidden: true, onclick: () => place.go({ zoom: null }) }, "Reset zoom");
    this.seconds = h("select", { "aria-label": "Seconds", onchange: () => { place.go({ seconds: this.seconds.value }); this.stop(); } }, [["1", "1 s"], ["3", "3 s"], ["10", "10 s"], ["30", "30 s"]].map(([value, text]) => h("option", { value }, text)));
    this.idle = h("input", { type: "checkbox", id: "idle", onchange: () => this.stop() });
    this.forms = h("select", { "aria-label": "Keep as a file", onchange: () => this.keep() }, [["", "Keep as …"], ["svg", "flame graph (SVG)"], ["speedscope", "speedscope"], ["pprof", "pprof"], ["folded", "folded stacks"], ["perfetto", "Perfetto trace"], ["firefox", "Firefox Profiler"], ["timeline", "timeline (SVG)"], ["csv", "CSV"]].map(([value, text]) => h("option", { value }, text)));
    this.others = Object.entries(OTHERS).map(([form, other]) => h("button", { type: "button", title: `Samples, and hands them to ${other.name}'s page in this browser`, onclick: () => this.open(form, other) }, `Open in ${form === "firefox" ? "Firefox Profiler" : other.name}`));
    this.counted = h("span.dim", { role: "status" });
    this.note = h("p.note", { hidden: true });
    this.tools = h("div.tools", {}, h("label", {}, "The last ", this.seconds), h("label", { for: "idle" }, this.idle, " idle too"), this.forms, ...this.others, this.reset, this.counted);
    this.flame.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.drawFlame()).observe(this.flame);
    return (this.made = h("div", { class: "fill" }, this.tools, this.note, this.table.node, this.flame));
  },
  query() {
    const board = place.now.board ? `board=${encodeURIComponent(place.now.board)}&` : "";
    return `/api/v1/profile?${board}seconds=${place.now.seconds ?? 3}&idle=${this.idle.checked}`;
  },
  draw() {
    if (document.activeElement !== this.seconds) this.seconds.value = place.now.seconds ?? "3";
    if (!this.asking && !place.paused && document.visibilityState === "visible") this.ask();
    if (this.drawn !== place.now.zoom) this.drawFlame();
    this.table.set((this.said?.lines ?? []).filter((row) => matcher(place.now.filter)(row.file, row.function, row.label)), this.said ? "No sample was at a probed line." : "Sampling …");
    const chosen = place.now.select && this.said?.lines.find((row) => spotKey(row) === place.now.select);
    if (chosen?.file && server.health.sources) sourceView.show(chosen, this.said.lines);
  },
  async open(form, other) {
    const tell = (text) => { this.note.hidden = false; put(this.note, text); };
    try { await handOver(other, `${this.query()}&format=${form}`, document.title, tell); } catch (error) { tell(error.message); }
  },
  stop() { this.asking?.abort(); this.asking = null; paint(); },
  async ask() {
    const asking = (this.asking = new AbortController());
    try {
      const said = await server.get(this.query(), { signal: asking.signal });
      if (this.asking !== asking) return;
      this.said = said;
      this.note.hidden = true;
      put(this.counted, `${whole(said.samples)} samples of ${said.threads.length} threads in ${time(said.duration_ns)} at ${short(said.achieved_hz)} a second${said.missed_ticks ? `, ${said.missed_ticks} ticks missed` : ""}`);
      this.grow(said);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.note.hidden = false;
      put(this.note, error.message);
      await new Promise((done) => setTimeout(done, 1500));
    }
    if (this.asking === asking) { this.asking = null; paint(); }
  },
  async keep() {
    const form = this.forms.value;
    this.forms.value = "";
    if (!form) return;
    this.note.hidden = false;
    put(this.note, `sampling for ${place.now.seconds ?? 3} s …`);
    try { await server.file(`${this.query()}&format=${form}`, `profile.${{ speedscope: "speedscope.json", pprof: "pb.gz", perfetto: "pftrace", firefox: "firefox.json", timeline: "timeline.svg" }[form] ?? form}`); this.note.hidden = true; } catch (error) { put(this.note, error.message); }
  },
  /** The tree of all stacks. */
  grow(said) {
    const root = { name: "all", kind: "all", samples: 0, inner: new Map(), path: "" };
    for (const stack of said.stacks) {
      let at = root;
      root.samples += stack.samples;
      const frames = [{ name: stack.thread ?? "?", kind: "thread" }, ...stack.frames.map((one, index) => ({ name: spotName(one), kind: index === stack.frames.length - 1 ? said.lines.find((line) => spotKey(line) === spotKey(one))?.class ?? "scope" : "scope", spot: one }))];
      for (const frame of frames) {
        const key = `${frame.name} ${frame.spot ? spotKey(frame.spot) : ""}`;
        let next = at.inner.get(key);
        if (!next) at.inner.set(key, next = { ...frame, samples: 0, inner: new Map(), path: `${at.path}/${frame.name}`.slice(0, 300) });
        next.samples += stack.samples;
        at = next;
      }
    }
    this.root = root;
    this.drawFlame();
  },
  drawFlame() {
    if (!this.root) return;
    const { root, flame } = this;
    this.drawn = place.now.zoom;
    const width = flame.clientWidth || 800;
    const all = Math.max(1, root.samples);
    const chosen = place.now.zoom ? this.find(root, place.now.zoom) : null;
    this.reset.hidden = !place.now.zoom;
    const focused = flame.contains(document.activeElement) ? document.activeElement.dataset.path : null;
    const nodes = [];
    let depth = 0;
    const add = (node, left, wide, level, past) => {
      if (wide < 1.5 || nodes.length > 1500) return;
      depth = Math.max(depth, level);
      const share = percent(node.samples / all);
      const box = h("button", { type: "button", class: `${node.kind}${past ? " past" : ""}`, "data-path": node.path, "data-spot": node.spot ? spotKey(node.spot) : null, title: `${node.name}: ${whole(node.samples)} samples, ${share}${node.spot?.file ? `\n${node.spot.file}:${node.spot.line}` : ""}`, tabindex: -1,
        onclick: () => place.go({ zoom: node.path || null }), onmouseenter: () => this.light(node.spot ? spotKey(node.spot) : null), onmouseleave: () => this.light(null), onfocus: () => this.light(node.spot ? spotKey(node.spot) : null) }, node.name);
      box.style.left = `${left}px`;
      box.style.top = `${level * LEVEL}px`;
      box.style.width = `${Math.max(1, wide)}px`;
      nodes.push(box);
      let at = left;
      for (const inner of [...node.inner.values()].sort((a, b) => order(a.name, b.name))) {
        if (past && !(chosen.path === inner.path || chosen.path.startsWith(`${inner.path}/`))) continue;
        const on = past && chosen.path !== inner.path;
        const size = past ? width : (wide * inner.samples) / Math.max(1, node.samples);
        add(inner, past ? 0 : at, size, level + 1, on);
        at += size;
      }
    };
    add(root, 0, width, 0, Boolean(chosen && chosen !== root));
    flame.replaceChildren(...nodes);
    flame.style.height = `${(depth + 1) * LEVEL + 6}px`;
    const first = nodes.find((node) => node.dataset.path === focused) ?? nodes[0];
    if (first) { first.tabIndex = 0; if (focused !== null) first.focus(); }
    this.light(this.lit, true);
  },
  find(node, path) {
    if (node.path === path) return node;
    for (const inner of node.inner.values()) if (path === inner.path || path.startsWith(`${inner.path}/`)) { const found = this.find(inner, path); if (found) return found; }
    return null;
  },
  /** Marks a line in both. */
  light(spot, again = false) {
    if (this.lit === spot && !again) return;
    this.lit = spot;
    for (const node of this.flame.children) node.classList.toggle("lit", spot !== null && node.dataset.spot === spot);
    if (!again) this.table.draw();
  },
  key(event) {
    if (event.key === "Escape" && place.now.zoom) { place.go({ zoom: null }); event.stopPropagation(); return; }
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const nodes = [...this.flame.children];
    const at = nodes.indexOf(document.activeElement);
    const next = nodes[Math.max(0, Math.min(nodes.length - 1, at + step))];
    if (!next) return;
    if (at >= 0) nodes[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  },
};
function shareCell(node, row) {
  let parts = node.parts;
  if (!parts) {
    parts = node.parts = { text: h("span.num"), bar: h("b") };
    node.replaceChildren(h("span.share", {}, parts.text, h("i", { "aria-hidden": "true" }, parts.bar)));
  }
  put(parts.text, percent(row.share));
  parts.bar.style.transform = `scaleX(${Math.min(1, row.share).toFixed(4)})`;
}
