// The server: requests with the token where there is one, and the stream, which comes back when it breaks.
const server = {
  token: kept.get("sessionStorage", "token"),
  health: { cancel: false, guarded: false },
  /** Gets JSON; throws what the server said. */
  async get(path, options = {}) {
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    const answer = await fetch(path, { ...options, headers, credentials: "omit" });
    if (answer.status === 401) { this.forget(); await this.ask(); return this.get(path, options); }
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.error || `${answer.status} ${answer.statusText}`);
    return said;
  },
  /** A file's bytes. */
  async blob(path) {
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    const answer = await fetch(path, { headers, credentials: "omit" });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || answer.statusText);
    return answer.blob();
  },
  /** A file to keep. */
  async file(path, name) { this.save(await this.blob(path), name); },
  save(blob, name) {
    const url = URL.createObjectURL(blob);
    const link = h("a", { href: url, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  },
  forget() { this.token = null; kept.set("sessionStorage", "token", null); },
  /** Asks for the token; throws when none is given. */
  ask() {
    this.asking ??= new Promise((take, refuse) => {
      const dialog = $("ask");
      const field = h("input", { type: "password", autocomplete: "off", required: true, id: "token", "aria-label": "Token" });
      const done = (token) => {
        dialog.close();
        this.asking = null;
        if (!token) { refuse(new Error("no token was given")); return; }
        this.token = token;
        kept.set("sessionStorage", "token", token);
        take();
      };
      dialog.replaceChildren(h("form", { onsubmit: (event) => { event.preventDefault(); done(field.value.trim()); } },
        h("h2", {}, "The token is needed"),
        h("p.dim", {}, "It stands in the file that inspect serve was given as --token-file. It is kept until this tab is closed."),
        field,
        h("div.tools", {}, h("button", { type: "button", onclick: () => done(null) }, "Not now"), h("button", { type: "submit" }, "Use it"))));
      dialog.oncancel = (event) => { event.preventDefault(); done(null); };
      dialog.showModal();
      field.focus();
    });
    return this.asking;
  },
  /** Cancels an operation: true when it ended. */
  async cancel(pid, id) {
    if (!this.token) await this.ask();
    return this.get(`/api/v1/ops/${encodeURIComponent(pid)}/${encodeURIComponent(id)}/cancel`, { method: "POST" });
  },
  /** Calls `look` with every event, and `state` with how it goes, for ever. */
  async stream(look, state) {
    for (let pause = 500; ; pause = Math.min(pause * 2, 5000)) {
      try {
        const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
        const answer = await fetch("/api/v1/stream", { headers, credentials: "omit" });
        if (answer.status === 401) { this.forget(); await this.ask(); continue; }
        if (!answer.ok) throw new Error(`the server says ${answer.status}`);
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "";
        for (;;) {
          const { value, done } = await reader.read();
          if (done) throw new Error("the server has gone");
          rest += value;
          let end;
          while ((end = rest.indexOf("\n\n")) >= 0) {
            const data = rest.slice(0, end).split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
            rest = rest.slice(end + 2);
            if (data) { look(JSON.parse(data)); state(null); pause = 250; }
          }
        }
      } catch (error) {
        state(error.message === "Failed to fetch" ? "the server cannot be reached" : error.message);
      }
      await new Promise((done) => setTimeout(done, pause));
    }
  },
};
