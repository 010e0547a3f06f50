// What is known of every board: pieces by kind, as the stream brings them, and the last two minutes of numbers.
const KEPT = 240; // two a second, two minutes

/** Values of the last two minutes, the newest last. */
class Series {
  constructor() { this.values = new Float32Array(KEPT); this.end = 0; this.length = 0; }
  push(value) {
    this.values[this.end] = value === null || value === undefined ? NaN : value;
    this.end = (this.end + 1) % KEPT;
    this.length = Math.min(this.length + 1, KEPT);
  }
  at(index) { return this.values[(this.end - this.length + index + KEPT) % KEPT]; }
}

const KINDS = ["threads", "ops", "ended", "kinds", "statuses", "counters", "gauges", "ratios", "histograms", "queues", "heartbeats", "progress", "facts", "meaning"];

class Board {
  constructor(key) {
    this.key = key;
    this.head = {};
    this.series = new Map();
    this.before = new Map();
    /** How often an operation moved while this page looks. */
    this.moves = new Map();
    for (const kind of KINDS) this[kind] = new Map();
  }
  take(said, now) {
    if (said.new) for (const kind of KINDS) this[kind].clear();
    if (said.head) this.head = said.head.set[""] ?? this.head;
    for (const kind of KINDS) {
      const part = said[kind];
      if (!part) continue;
      for (const key of part.gone ?? []) { this[kind].delete(key); if (kind === "ops") this.moves.delete(key); }
      for (const [key, value] of Object.entries(part.set)) {
        if (kind === "ops") this.moved(key, value, now);
        this[kind].set(key, value);
      }
    }
  }
  moved(key, op, now) {
    const before = this.ops.get(key);
    if (!before || (before.status === op.status && before.status_at_ms === op.status_at_ms && before.served === op.served && before.line === op.line)) return;
    this.moves.set(key, { count: (this.moves.get(key)?.count ?? 0) + 1, at: now });
  }
  /** Puts this look's numbers behind those before. */
  note(now, seconds) {
    if (this.head.still) return;
    const met = new Set();
    const push = (name, value) => {
      met.add(name);
      let series = this.series.get(name);
      if (!series) this.series.set(name, series = new Series());
      series.push(value);
    };
    const growth = (name, total) => {
      const before = this.before.get(name);
      this.before.set(name, total);
      push(name, before === undefined || seconds <= 0 || total < before ? null : (total - before) / seconds);
    };
    for (const [key, thread] of this.threads) push(`threads ${key}`, thread.load[0]);
    for (const [key, counter] of this.counters) growth(`counters ${key}`, counter.value);
    for (const [key, gauge] of this.gauges) push(`gauges ${key}`, gauge.value);
    for (const [key, ratio] of this.ratios) push(`ratios ${key}`, ratio.value);
    for (const [key, histogram] of this.histograms) push(`histograms ${key}`, histogram.recent.p99);
    for (const [key, queue] of this.queues) { push(`queues ${key}`, queue.depth); growth(`done ${key}`, queue.completions); }
    for (const [key, progress] of this.progress) push(`progress ${key}`, progress.done);
    if (this.head.vitals) push("cpu", this.head.vitals.cpu_pct);
    for (const name of this.series.keys()) if (!met.has(name)) { this.series.delete(name); this.before.delete(name); }
  }
  /** How long ago a moment was, ms; of who is held or ended, before that. */
  since(moment) { return moment === null || moment === undefined ? null : this.head.still ? -moment : store.clock() - moment; }
  get name() { return this.head.name ?? this.key; }
  /** The host that it is of, where boards of several hosts are shown. */
  get host() { return this.head.endpoint ? hostName(this.head.endpoint) : null; }
  /** By what the server is asked about it: pids repeat from host to host. */
  get ref() { return this.head.endpoint ? this.key : String(this.head.pid); }
  /** Its name and process, and where. */
  get title() { return `${this.name} · ${this.head.pid}${this.host ? ` on ${this.host}` : ""}`; }
  get exists() { return this.head.state === "live" || this.head.state === "stopped"; }
}

/** An endpoint in few words: without the scheme, of a socket the end of its path. */
const hostName = (endpoint) => {
  const rest = endpoint.replace(/^https?:\/\//, "");
  return rest.startsWith("unix:") ? rest.slice(5).split("/").slice(-2).join("/") : rest;
};

const store = {
  /** How other hosts stand, where their boards are shown. */
  endpoints: null,
  boards: new Map(),
  seq: 0,
  /** The server's clock, ms, and when this page heard it. */
  now_ms: 0,
  heard: 0,
  seconds: 0.5,
  trouble: "connecting",
  take(event) {
    if (event.whole) this.boards.clear();
    const seconds = this.now_ms ? (event.now_ms - this.now_ms) / 1000 : 0;
    this.now_ms = event.now_ms;
    this.heard = performance.now();
    this.seq = event.seq;
    this.taken_at = event.taken_at;
    this.endpoints = event.endpoints ?? null;
    for (const key of event.gone) this.boards.delete(key);
    for (const [key, said] of Object.entries(event.boards)) {
      let board = this.boards.get(key);
      if (!board) this.boards.set(key, board = new Board(key));
      board.take(said, event.now_ms);
    }
    for (const board of this.boards.values()) board.note(event.now_ms, seconds);
  },
  clock() { return this.now_ms + (place.paused ? 0 : Math.min(performance.now() - this.heard, 3000)); },
  /** The boards that the address means: of a name the living ones, else the last. */
  meant() {
    const all = [...this.boards.values()];
    const said = place.now.board;
    if (!said) return all;
    const exact = all.filter((board) => board.key === said || String(board.head.pid) === said);
    if (exact.length) return exact;
    const form = matcher(/[*?]/.test(said) ? said : said.replace(/[*?]/g, ""));
    const named = all.filter((board) => (/[*?]/.test(said) ? form(board.name) : board.name === said));
    const living = named.filter((board) => board.exists);
    if (living.length) return living;
    return named.sort((a, b) => order(a.head.started_at, b.head.started_at, true)).slice(0, 1);
  },
  /** The same without those that ended, unless they were named. */
  shown() {
    const meant = this.meant();
    return place.now.board ? meant : meant.filter((board) => board.exists);
  },
  /** How many hosts do not answer: nothing is known of theirs, not even that there is nothing. */
  silent() { return this.endpoints?.filter((one) => one.state !== "ok").length ?? 0; },
  find(key) { return this.boards.get(key); },
};
