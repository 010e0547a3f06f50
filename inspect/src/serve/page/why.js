// What is the matter: each board's findings, the worst first.
const RANK = { critical: 0, warning: 1, ok: 2 };

const why = {
  node: h("div.whys"),
  cards: new Map(),
  draw() {
    const boards = (place.now.board ? store.meant() : [...store.boards.values()].filter((board) => board.exists || board.head.unread || why.fresh(board)))
      .sort((a, b) => (RANK[a.head.headline?.severity] ?? 3) - (RANK[b.head.headline?.severity] ?? 3) || order(a.name, b.name));
    const rest = store.boards.size - boards.length;
    const nodes = [this.findings(), ...(store.endpoints ? [this.hosts()] : []), ...boards.map((board) => this.card(board))];
    for (const [key, card] of this.cards) if (!boards.some((board) => board.key === key)) { card.node.remove(); this.cards.delete(key); }
    nodes.forEach((node, index) => { if (this.node.children[index] !== node) this.node.insertBefore(node, this.node.children[index] ?? null); });
    this.more ??= h("p.dim");
    put(this.more, !store.boards.size ? "No board is on this host. Is a daemon with probes running? “inspect doctor” says what could be missing."
      : rest > 0 && !place.now.board ? `${rest} more of processes that ended: see Boards.` : !boards.length ? "No board of that name is here." : "");
    if (this.node.lastChild !== this.more) this.node.append(this.more);
    this.waits(boards);
  },
  /** What is wrong over all that is meant, with its evidence and the next command. Asked every three seconds: it takes the
   *  server half a second, between two looks at what the kernel says. */
  findings() {
    const now = performance.now();
    if (!(now - this.whyAt < 3000) && !this.whyAsking && !place.paused && document.visibilityState === "visible") {
      this.whyAt = now;
      this.whyAsking = true;
      const board = place.now.board ? `?board=${encodeURIComponent(place.now.board)}` : "";
      server.get(`/api/v1/why${board}`).then((said) => { this.found = said; this.whyAsking = false; }, (error) => { this.found = null; this.notFound = error.message; this.whyAsking = false; });
    }
    if (!this.top) {
      this.topList = h("ol.findings");
      this.topNote = h("p.dim");
      this.top = h("section.card", { "aria-label": "Findings" }, h("header", {}, h("h2", {}, "Findings")), this.topList, this.topNote);
    }
    const found = this.found?.findings ?? [];
    // Beside those of others a finding says whose it is: not every one names a place.
    const several = (this.found?.boards?.length ?? 0) > 1;
    const whose = (one) => [one.endpoint && hostName(one.endpoint), several && one.board && `${one.board} · ${one.pid}`].filter(Boolean).join(" ");
    put(this.topNote, !this.found ? this.notFound ?? "Looking…" : !found.length ? "No rule found anything." : this.found.more ? `${this.found.more} more: inspect why` : "");
    found.forEach((one, index) => {
      const item = this.topList.children[index] ?? this.topList.appendChild(h("li", {}, h("div"), h("div.dim"), h("code")));
      classes(item, one.severity === "notice" ? "" : one.severity);
      put(item.children[0], `${whose(one) ? `${whose(one)}: ` : ""}${one.title}${one.confidence < 0.8 ? " (perhaps)" : ""}`);
      put(item.children[1], one.evidence.map((e) => `${e.what} ${e.value}${e.unit ? ` ${e.unit}` : ""}${e.limit !== null ? ` (limit ${e.limit})` : ""}`).join("; "));
      put(item.children[2], one.next[0] ?? "");
    });
    while (this.topList.children.length > found.length) this.topList.lastChild.remove();
    return this.top;
  },
  /** Every host that is asked: whoever does not answer is a row with the reason. */
  hosts() {
    if (!this.hostCard) {
      this.hostRows = h("table.small");
      this.hostNote = h("span.dim");
      this.hostCard = h("section.card", { "aria-label": "Hosts", id: "hosts" }, h("header", {}, h("h2", {}, "Hosts"), this.hostNote), this.hostRows);
    }
    const all = store.endpoints;
    const bad = all.filter((one) => one.state !== "ok");
    put(this.hostNote, `${all.length - bad.length} of ${all.length} answer`);
    const off = all.filter((one) => Math.abs(one.skew_ns ?? 0) >= 5e8 && one.state === "ok");
    const clock = (one) => (one.skew_ns === null ? NONE : Math.abs(one.skew_ns) < 5e8 ? "as here" : `${time(Math.abs(one.skew_ns))} ${one.skew_ns > 0 ? "ahead" : "behind"}`);
    // Of many those that are not as they should be.
    const rows = all.length > 12 ? [...bad, ...off] : [...bad, ...all.filter((one) => one.state === "ok")];
    fillRows(this.hostRows, ["Host", "State", "Clock", "Why"], rows.slice(0, 100).map((one) => [hostName(one.endpoint), one.state, clock(one), one.error ?? ""]));
    return this.hostCard;
  },
  /** Who waits for whom, below the board of the first waiter: deadlocks, circles, then chains of a second or longer. */
  waits(boards) {
    if (store.seq !== this.asked && !this.asking && !place.paused && document.visibilityState === "visible") {
      this.asked = store.seq;
      this.asking = true;
      const board = place.now.board ? `&board=${encodeURIComponent(place.now.board)}` : "";
      server.get(`/api/v1/waits?over=1s${board}`).then((said) => { this.said = said; this.asking = false; }, () => { this.asking = false; this.said = null; });
    }
    const { cycles = [], circles = [], chains = [] } = this.said ?? {};
    for (const board of boards) {
      const of = (one, edges) => (one.endpoint ?? null) === (board.head.endpoint ?? null) && edges[0]?.waiter.pid === board.head.pid && edges[0]?.waiter.board === board.name;
      const lines = [
        ...cycles.filter((cycle) => of(cycle, cycle.members)).map((cycle) => ({ bad: true, text: `deadlock for ${time(cycle.first_seen_ns)}: ${edgesInWords(cycle.members)}` })),
        ...circles.filter((circle) => of(circle, circle.members)).map((circle) => ({ bad: true, text: `circle through ${circle.queues.join(", ")} for ${time(circle.first_seen_ns)}: ${edgesInWords(circle.members)}` })),
        ...chains.filter((chain) => !chain.deadlocked && of(chain, chain.edges)).slice(0, 20).map((chain) => ({ bad: false, text: `${time(chain.age_ns)}: ${edgesInWords(chain.edges)}` })),
      ];
      const card = this.cards.get(board.key);
      card.waitsTitle ??= h("h3", {}, "Waits");
      card.waits ??= h("ul.findings");
      if (lines.length && !card.waits.isConnected) card.node.insertBefore(card.waitsTitle, card.facts), card.node.insertBefore(card.waits, card.facts);
      if (!lines.length) { card.waits.remove(); card.waitsTitle.remove(); continue; }
      lines.forEach((line, index) => {
        const node = card.waits.children[index] ?? card.waits.appendChild(h("li"));
        put(node, line.text);
        classes(node, line.bad ? "critical" : "");
      });
      while (card.waits.children.length > lines.length) card.waits.lastChild.remove();
    }
  },
  /** One that ended just now still is news. */
  fresh(board) { return board.head.state === "dead" && board.head.ended_at && Date.parse(store.taken_at) - Date.parse(board.head.ended_at) < 600000; },
  card(board) {
    let card = this.cards.get(board.key);
    if (!card) {
      card = { title: h("h2"), badge: h("span"), said: h("p.dim"), list: h("ul.findings"), facts: h("dl.facts"), links: h("p.tools"), shown: "" };
      card.node = h("section.card", { "aria-label": board.name, "data-board": board.key }, h("header", {}, card.title, card.badge, card.said), card.list, card.facts, card.links);
      for (const [view, label] of VIEWS.slice(2)) card.links.append(h("a", { href: place.link({ view, board: board.ref }) }, label));
      this.cards.set(board.key, card);
    }
    const { head } = board;
    put(card.title, board.title);
    put(card.badge, head.state);
    classes(card.badge, `badge ${head.state}`);
    const up = head.still ? "" : `up ${time((board.since(head.begun_at_ms) ?? 0) * 1e6)}`;
    put(card.said, [up, head.build, head.owner && `user ${head.owner}`].filter(Boolean).join(" · "));
    const text = head.headline?.text ?? head.verdict;
    const severity = head.headline?.severity ?? "warning";
    const shown = `${severity} ${text} ${head.verdict}`;
    if (card.shown !== shown) {
      card.shown = shown;
      card.list.replaceChildren(...text.split("; ").map((one) => h("li", { class: severity }, one)));
    }
    const lost = Object.entries(head.lost ?? {}).filter(([, count]) => count > 0).map(([name, count]) => `${name} ${whole(count)}`);
    const facts = [
      ["Verdict", head.headline && head.verdict !== text && head.verdict !== head.state ? head.verdict : null],
      ["Panic", head.last_panic && `${head.last_panic.text} (${head.last_panic.at})`],
      ["Exit code", head.end?.exit_code],
      ["Lost", lost.join(", ")],
      ["Remarks", head.remarks?.join("; ")],
      ["Threads", head.unread ? null : `${board.threads.size}${head.unprobed_threads ? `, and ${head.unprobed_threads} without probes` : ""}`],
      ["In flight", head.unread ? null : `${board.ops.size} operations`],
      ["Process", head.vitals ? [`cpu ${head.vitals.cpu_pct ?? NONE}%`, `rss ${bytes(head.vitals.rss_bytes)}`, head.vitals.fds !== null ? `fds ${head.vitals.fds} of ${head.vitals.fds_max}` : null].filter(Boolean).join(" · ") : null],
    ].filter(([, value]) => value !== null && value !== undefined && value !== "");
    facts.forEach(([name, value], index) => {
      const at = index * 2;
      if (!card.facts.children[at]) card.facts.append(h("dt"), h("dd"));
      put(card.facts.children[at], name);
      put(card.facts.children[at + 1], String(value));
    });
    while (card.facts.children.length > facts.length * 2) card.facts.lastChild.remove();
    return card.node;
  },
};

const partyInWords = (party) => [party.thread ?? (party.op ? ["operation", party.op, party.op_label].filter(Boolean).join(" ") : "?"), party.file ? `at ${file(party.file, party.line)}` : null, party.label].filter(Boolean).join(" ");
const edgesInWords = (edges) => edges.map((edge) => `${partyInWords(edge.waiter)} waits for ${edge.for.what} ${edge.for.name}${edge.held_by.length ? `, ${edge.for.what === "queue" ? "served" : "held"} by ${edge.held_by.map(partyInWords).join(" and ")}` : ""}${edge.confirmed ? "" : " (not confirmed)"}`).join("; ");

const boardsView = {
  table: null,
  get node() {
    this.table ??= new Table([
      hostColumn((board) => board),
      { key: "name", label: "Board", width: "minmax(8rem, 1.2fr)", narrow: "minmax(0, 1fr)", value: (board) => board.name, show: (board, node) => cell(node, board.name, "strong") },
      { key: "pid", label: "PID", width: "5rem", narrow: "3.4rem", num: true, value: (board) => board.head.pid, show: (board, node) => cell(node, String(board.head.pid)) },
      { key: "state", label: "State", width: "6rem", narrow: "5.6rem", value: (board) => board.head.state, show: (board, node) => cell(node, board.head.state, { live: "good", dead: "bad" }[board.head.state] ?? "warn") },
      { key: "up", label: "Up", width: "5rem", num: true, wide: true, value: (board) => board.since(board.head.begun_at_ms), show: (board, node) => cell(node, age(board.head.still ? null : board.since(board.head.begun_at_ms))) },
      { key: "threads", label: "Threads", width: "5rem", num: true, wide: true, value: (board) => board.threads.size, show: (board, node) => cell(node, board.head.unread ? NONE : whole(board.threads.size)) },
      { key: "ops", label: "In flight", width: "5rem", num: true, wide: true, value: (board) => board.ops.size, show: (board, node) => cell(node, board.head.unread ? NONE : whole(board.ops.size)) },
      { key: "owner", label: "Owner", width: "6rem", wide: true, value: (board) => board.head.owner, show: (board, node) => cell(node, board.head.owner ?? NONE) },
      { key: "said", label: "What is the matter", width: "minmax(0, 3fr)", narrow: "minmax(0, 1.4fr)", show: (board, node) => cell(node, board.head.state === "live" && board.head.headline ? board.head.headline.text : board.head.verdict, board.head.headline?.severity === "critical" ? "bad" : "") },
    ], { name: "Boards", sort: "name", id: (board) => board.key, sorts: true, select: (board) => place.go({ view: "why", board: board.head.unread ? board.key : board.ref }, true) });
    return this.table.node;
  },
  draw() {
    const takes = matcher(place.now.filter);
    this.table.set([...store.boards.values()].filter((board) => takes(board.name, board.head.verdict)), "No board is on this host.");
  },
};
