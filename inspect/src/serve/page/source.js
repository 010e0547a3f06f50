// A source file beside what was seen at its lines, where the server has it; and profiles handed to other tools' pages.
const sourceView = {
  said: null,
  /** The panel of the row's file, that line in view. */
  show(row, lines) {
    const of = `source ${row.file}`;
    const panel = showDetail(of, () => {
      this.said = null;
      this.near = null;
      this.ask(of, row);
      return { title: h("h2.mono", {}, row.file), note: h("p.note", { role: "status" }, "asking for its source …"), body: h("tbody"), bar: null };
    }, (parts) => [parts.title, parts.note, h("div.source", { tabindex: 0, role: "region", "aria-label": `Source of ${row.file}` }, h("table", {}, h("caption.sr", {}, "Share of the samples, line, source"), parts.body))]);
    if (this.said) this.mark(panel, row, lines);
  },
  async ask(of, row) {
    // Of several boards the first that has probes there.
    let why = "no board is shown";
    for (const board of store.shown().slice(0, 8)) {
      try {
        const said = await server.get(`/api/v1/source?board=${encodeURIComponent(board.ref)}&file=${encodeURIComponent(row.file)}&line=${row.line ?? 0}`);
        if ($("detail").of !== of) return;
        this.said = said;
        this.fill($("detail").parts);
        paint();
        return;
      } catch (error) { why = error.message; }
    }
    if ($("detail").of === of) put($("detail").parts.note, why);
  },
  fill(panel) {
    const { said } = this;
    const probes = new Map(said.probes.map((probe) => [probe.line, probe.label ?? probe.function ?? "probe"]));
    panel.note.hidden = !said.changed_since_start && said.lines.length === said.lines_all;
    put(panel.note, said.changed_since_start ? "changed after the process started: lines may have moved" : `lines ${said.first_line} to ${said.first_line + said.lines.length - 1} of ${whole(said.lines_all)}`);
    panel.body.replaceChildren(...said.lines.map((text, index) => {
      const line = said.first_line + index;
      return h(`tr${probes.has(line) ? ".probe" : ""}`, { title: probes.get(line) }, h("td.num"), h("th.num", { scope: "row" }, String(line)), h("td.mono", {}, text));
    }));
  },
  /** What was seen of each line, and the one that is meant. */
  mark(panel, row, lines) {
    const seen = new Map();
    for (const one of lines) if (one.file === row.file && one.line) { const known = seen.get(one.line); seen.set(one.line, { share: (known?.share ?? 0) + one.share, class: known?.class ?? one.class }); }
    const meant = row.line - this.said.first_line;
    [...panel.body.rows].forEach((line, index) => {
      const one = seen.get(this.said.first_line + index);
      put(line.cells[0], one ? percent(one.share) : "");
      line.cells[0].style.setProperty("--share", one ? one.share.toFixed(4) : "0");
      line.classList.toggle("seen", Boolean(one));
      attribute(line, "aria-current", index === meant ? "true" : null);
    });
    if (this.near !== row.line) { this.near = row.line; panel.body.rows[meant]?.scrollIntoView({ block: "center" }); }
  },
};

/** Pages of others that take a profile by messages: where, how they are asked whether they are there, and what they take. */
const OTHERS = {
  perfetto: { name: "Perfetto", page: "https://ui.perfetto.dev", origin: "https://ui.perfetto.dev", ask: "PING", is: (data) => data === "PONG", file: "profile.pftrace",
    give: async (blob, title) => { const buffer = await blob.arrayBuffer(); return { perfetto: { buffer, title } }; } },
  firefox: { name: "the Firefox Profiler", page: "https://profiler.firefox.com/from-post-message/", origin: "https://profiler.firefox.com", ask: { name: "ready:request" }, is: (data) => data?.name === "ready:response", file: "profile.firefox.json",
    give: async (blob) => ({ name: "inject-profile", profile: JSON.parse(await blob.text()) }) },
};
/** Hands what the server says at `path` to such a page; a file to keep where that does not answer. Says how it goes by `tell`. */
async function handOver(other, path, title, tell) {
  // At once: later it is no click's any more, and a browser would refuse.
  const page = window.open(other.page, "_blank");
  tell("sampling …");
  const blob = await server.blob(path);
  const message = await other.give(blob, title);
  const there = page && await new Promise((done) => {
    const heard = (event) => { if (event.source === page && event.origin === other.origin && other.is(event.data)) end(true); };
    const asking = setInterval(() => { if (page.closed) end(false); else page.postMessage(other.ask, other.origin); }, 100);
    const waiting = setTimeout(() => end(false), 20000);
    const end = (answer) => { removeEventListener("message", heard); clearInterval(asking); clearTimeout(waiting); done(answer); };
    addEventListener("message", heard);
    tell(`waiting for ${other.name} …`);
  });
  if (there) { page.postMessage(message, other.origin); tell(`handed to ${other.name}`); return; }
  server.save(blob, other.file);
  tell(`${other.name} ${page ? "cannot be reached" : "may not be opened from here"}: kept as ${other.file}, which it opens`);
}
