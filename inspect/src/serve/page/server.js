// The server: requests with the token where there is one, and the stream, which comes back when it breaks.
const server = {
  token: kept.get("sessionStorage", "token"),
  health: { cancel: false, guarded: false },
  /** Gets JSON; throws what the server said. */
  async get(path, options = {}) {
    const { token } = this;
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const answer = await fetch(path, { ...options, headers, credentials: "omit" });
    if (answer.status === 401) { await this.another(token); return this.get(path, options); }
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
  /** Another token than the one that was no good; unless it was given meanwhile. */
  async another(wrong) {
    if (this.token !== wrong) return;
    this.forget();
    await this.ask(Boolean(wrong));
  },
  /** Asks for the token; throws when none is given. Who said `Not now` is asked again when it is wanted: a page that
   *  asks by itself would come back with the same question for ever. */
  ask(wrong = false, wanted = false) {
    if (this.refused && !wanted && !this.asking) return Promise.reject(new Error("no token was given"));
    this.asking ??= new Promise((take, refuse) => {
      const dialog = $("ask");
      const field = h("input", { type: "password", autocomplete: "off", required: true, id: "token", "aria-label": "Token" });
      const done = (token) => {
        dialog.close();
        this.asking = null;
        this.refused = !token;
        $("enter").hidden = Boolean(token) || !this.health.guarded;
        if (!token) { refuse(new Error("no token was given")); return; }
        this.token = token;
        this.wake?.();
        kept.set("sessionStorage", "token", token);
        take();
      };
      dialog.replaceChildren(h("form", { onsubmit: (event) => { event.preventDefault(); done(field.value.trim()); } },
        h("h2", {}, "The token is needed"),
        wrong ? h("p.note.bad", { role: "alert" }, "That was another one: this server does not take it.") : null,
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
    if (!this.token) await this.ask(false, true);
    return this.get(`/api/v1/ops/${encodeURIComponent(pid)}/${encodeURIComponent(id)}/cancel`, { method: "POST" });
  },
  /** Begins the stream anew, with everything there is. */
  again() { this.reading.abort(); },
  /** Calls `look` with every event, and `state` with how it goes, for ever. */
  async stream(look, state) {
    for (let pause = 500; ; pause = Math.min(pause * 2, 5000)) {
      this.reading = new AbortController();
      try {
        const { token } = this;
        const headers = token ? { Authorization: `Bearer ${token}` } : {};
        const answer = await fetch("/api/v1/stream", { headers, credentials: "omit", signal: this.reading.signal });
        if (answer.status === 401) { await this.another(token); continue; }
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
        if (this.reading.signal.aborted) continue;
        state(error.message === "Failed to fetch" ? "the server cannot be reached" : error.message);
      }
      await new Promise((done) => { this.wake = done; setTimeout(done, pause); });
    }
  },
};
