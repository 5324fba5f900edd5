// The chat widget: <keepsake-chat queue="sales@shop.example" label="Chat with us"></keepsake-chat>, built on cvc.js.
// Attributes: queue, label, position (right or left), theme (light, dark; else as the visitor's system), launcher="off".
(() => {
  "use strict";
  const tag = document.currentScript;
  const OPEN = "keepsake.chat is open";
  const BUBBLE = "M21 12a8 8 0 0 1-8 8H4l1.8-3.2A8 8 0 1 1 21 12z";
  const remembered = {
    get: () => { try { return sessionStorage.getItem(OPEN) === "yes"; } catch { return false; } },
    set: (isOpen) => { try { sessionStorage.setItem(OPEN, isOpen ? "yes" : "no"); } catch { /* not after a reload, then */ } },
  };

  // Everything is built of nodes and text: what somebody writes is shown, and never becomes part of the page.
  const make = (name, facts = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(facts)) {
      if (key in node && key !== "list") node[key] = value; else node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };
  const picture = (path) => {
    const [svg, line] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  };
  const filled = (words, facts) => words.replace(/\{(\w+)\}/g, (_all, name) => facts[name] ?? "");
  const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/g;
  const linked = (text) => {
    const parts = [];
    let at = 0;
    for (const found of text.matchAll(LINK)) {
      parts.push(text.slice(at, found.index), make("a", { href: found[0], target: "_blank", rel: "noopener noreferrer" }, found[0]));
      at = found.index + found[0].length;
    }
    return [...parts, text.slice(at)];
  };
  const size = (bytes) => bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

  class KeepsakeChat extends HTMLElement {
    words = null;
    form = [];
    said = new Map();  // by its id; what has not arrived yet, by ours
    lines = new Map();  // of the same, once they are shown
    mayFocus = false;
    unread = 0;
    typing = 0;

    connectedCallback() {
      if (this.shadowRoot) return;
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [window.cvcLook];
      this.badge = make("span", { className: "badge", hidden: true });
      this.launcher = make("button", { className: "launcher", type: "button", "aria-haspopup": "dialog", "aria-expanded": "false" },
        picture(BUBBLE), make("span", {}, this.getAttribute("label") || "Chat"), this.badge);
      this.launcher.hidden = this.getAttribute("launcher") === "off";
      this.launcher.addEventListener("click", () => { this.opener = null; this.ask(this.getAttribute("queue"), ""); this.open(); });
      this.panel = make("dialog", { className: "panel", tabIndex: -1, "aria-label": this.getAttribute("label") || "Chat" });
      const escape = (event) => { if (event.type === "cancel" || event.key === "Escape") { event.preventDefault(); this.close(); } };
      for (const name of ["cancel", "keydown"]) this.panel.addEventListener(name, escape);
      this.shadowRoot.append(this.launcher, this.panel);
      if (!cvc.queues.length) this.ask(this.getAttribute("queue"), "");
      this.handlers = {
        message: (event) => this.onMessage(event.detail),
        outgoing: (event) => this.onOutgoing(event.detail),
        chatState: (event) => this.onState(event.detail),
        typing: (event) => this.onTyping(event.detail),
        connection: (event) => this.onConnection(event.detail),
        dock: (event) => this.setAttribute("position", event.detail === "left" ? "left" : "right"),
        destroy: () => this.remove(),
      };
      for (const [name, handler] of Object.entries(this.handlers)) cvc.attachEvent(name, handler);
      this.onStorage = (event) => { if (event.key === cvc.STORED && event.newValue && JSON.parse(event.newValue).id) this.goOn(); };
      window.addEventListener("storage", this.onStorage);
      this.onVisible = () => { if (!document.hidden) this.noteRead(); };
      document.addEventListener("visibilitychange", this.onVisible);
      if (cvc.hasOpenChat) this.goOn();
    }

    disconnectedCallback() {
      for (const [name, handler] of Object.entries(this.handlers ?? {})) cvc.detachEvent(name, handler);
      window.removeEventListener("storage", this.onStorage);
      document.removeEventListener("visibilitychange", this.onVisible);
    }

    /** After a reload, or in another tab, the chat goes on where it was. */
    async goOn() {
      if (cvc.state) return;
      await this.prepare().catch(() => {});
      if (this.words && (await cvc.resume().catch(() => null)) && remembered.get()) this.open(false);
    }

    async prepare() {
      if (this.words) return;
      const entry = await cvc.getEntry();
      Object.assign(this, { words: entry.texts, form: entry.form, longest: entry.longest_message });
      Object.assign(this.panel, { lang: entry.language, ariaLabel: this.getAttribute("label") || this.words.title });
    }

    /** Whom the next chat is with, and what it is called; one that is open goes on. */
    ask(queue, title) {
      if (cvc.state && cvc.state !== "completed") return;
      this.titled = title;
      if (!queue || cvc.state || cvc.queues[0]?.address === queue) return;
      cvc.setQueues([{ address: queue }]);
      this.words = null;
    }

    /** The keyboard goes along, unless the chat opens by itself. */
    async open(mayFocus = true) {
      this.mayFocus = mayFocus;
      remembered.set(true);
      this.launcher.setAttribute("aria-expanded", "true");
      if (!this.panel.open) { this.show(); this.focusOn(this.panel); }
      if (!this.words) {
        this.panel.replaceChildren(this.head(), make("div", { className: "body", role: "status" }, "…"));
        try { await this.prepare(); } catch { this.showFailure(); return; }
      }
      if (cvc.state) this.showChat(); else this.showForm();
    }

    /** On a telephone it fills the screen, and the page behind it is out of reach. */
    show() { if (matchMedia("(max-width: 520px)").matches) this.panel.showModal(); else this.panel.setAttribute("open", ""); }

    focusOn(node) { if (this.mayFocus) node?.focus(); }

    close() {
      remembered.set(false);
      this.panel.close();
      this.launcher.setAttribute("aria-expanded", "false");
      cvc.setTyping(false);
      (this.opener ?? this.launcher).focus();
    }

    head(...buttons) {
      const label = this.words?.minimise ?? "Minimise";
      const minimise = make("button", { className: "icon", type: "button", "aria-label": label, title: label }, picture("M5 19h14"));
      minimise.addEventListener("click", () => this.close());
      const title = this.titled || this.getAttribute("label") || this.words?.title || "Chat";
      return make("div", { className: "panel__head" }, make("h2", { className: "panel__title" }, title), ...buttons, minimise);
    }

    showFailure() {
      const words = this.words ?? { failed: "The chat cannot be reached at the moment. Please try again.", try_again: "Try again" };
      const again = make("button", { className: "button primary", type: "button", onclick: () => this.open() }, words.try_again);
      this.panel.replaceChildren(this.head(), make("div", { className: "body" }, make("form", {}, make("p", { className: "intro", role: "alert" }, words.failed), again)));
      this.focusOn(again);
    }

    // Before the chat

    showForm() {
      this.said.clear();
      this.lines.clear();
      this.log = this.field = null;
      const given = { ...cvc.cad, ...Object.fromEntries(Object.entries(cvc.user).filter(([, value]) => value)) };
      const questions = this.form.filter((one) => given[one.key] === undefined).map((one) => this.question(one));
      this.wrong = make("p", { className: "wrong", role: "alert", hidden: true });
      const begin = make("button", { className: "button primary", type: "submit" }, this.words.begin);
      const form = make("form", { noValidate: true }, questions.length ? make("p", { className: "intro" }, this.words.intro) : null,
        ...questions.map((one) => one.node), this.wrong, begin);
      form.addEventListener("submit", (event) => { event.preventDefault(); this.begin(questions, begin); });
      this.panel.replaceChildren(this.head(), make("div", { className: "body" }, form));
      this.focusOn(questions[0]?.field ?? begin);
    }

    question({ key, label, type, required, help, choices, pattern, minimum, maximum, longest, rule }) {
      const id = `ask_${key}`;
      const facts = { id, name: key, "aria-describedby": `${id}_help ${id}_wrong` };
      let field;
      if (type === "select") {
        field = make("select", facts, make("option", { value: "" }, this.words.choose), ...choices.map((one) => make("option", { value: one }, one)));
      } else {
        field = make("input", { ...facts, type });
        if (type !== "checkbox") field.maxLength = longest;
        if (minimum) field.min = minimum;
        if (maximum) field.max = maximum;
        if (type === "number") field.step = "any";
        if (pattern) try { new RegExp(pattern, "v"); field.pattern = pattern; } catch { /* the server knows it */ }
        if (key === "name" || key === "email") field.autocomplete = key;
      }
      field.required = required && type !== "checkbox";
      const caption = make("label", { htmlFor: id }, label, required ? null : make("small", {}, ` (${this.words.optional})`));
      const wrong = make("p", { className: "wrong", id: `${id}_wrong`, hidden: true });
      const hint = make("small", { id: `${id}_help`, hidden: !help }, help);
      const parts = type === "checkbox" ? [field, caption, hint, wrong] : [caption, field, hint, wrong];
      const node = make("div", { className: `question${type === "checkbox" ? " question--check" : ""}` }, ...parts);
      const complain = (words) => {
        wrong.hidden = !words;
        wrong.textContent = words;
        field.setAttribute("aria-invalid", words ? "true" : "false");
      };
      const check = () => {
        field.value = type === "checkbox" ? field.value : field.value.trim();
        complain(field.validity.valueMissing ? this.words.required : field.validity.valid ? "" : rule || this.words.wrong);
        return field.validity.valid;
      };
      const value = () => type === "checkbox" ? field.checked : field.value;
      return { key, field, node, complain, check, value, isAnswered: () => type === "checkbox" || Boolean(field.value) };
    }

    async begin(questions, button) {
      const bad = questions.filter((one) => !one.check());
      if (bad.length) { bad[0].field.focus(); return; }
      const answers = Object.fromEntries(questions.filter((one) => one.isAnswered()).map((one) => [one.key, one.value()]));
      const { name, email, ...cad } = answers;
      const { user } = cvc;
      cvc.setUser(name ?? user.name ?? "", email ?? user.email ?? "");
      cvc.setCad(cad);
      button.disabled = true;
      button.textContent = this.words.beginning;
      try {
        await cvc.startChat();
        this.showChat();
      } catch (error) {
        button.disabled = false;
        button.textContent = this.words.begin;
        const named = questions.filter((one) => error.errors?.[one.key]);
        for (const one of named) one.complain(error.errors[one.key].join(" "));
        this.wrong.hidden = named.length > 0;
        this.wrong.textContent = error.message;
        (named[0]?.field ?? button).focus();
      }
    }

    // The chat

    showChat() {
      if (!this.panel.open) this.show();
      if (this.log) { this.onState(cvc.state); this.noteRead(); this.focusOn(this.field); return; }
      this.state = make("p", { className: "notice", role: "status" });
      this.trouble = make("p", { className: "notice notice--bad", role: "alert", hidden: true });
      this.log = make("ol", { className: "log" });
      const live = make("div", { role: "log", "aria-label": this.words.messages }, this.log);
      this.typingLine = make("p", { className: "typing", role: "status" });
      this.scroll = make("div", { className: "body", tabIndex: 0, role: "region", "aria-label": this.words.messages }, live, this.typingLine);
      this.foot = make("div", { className: "foot" });
      const leave = make("button", { className: "icon", type: "button", "aria-label": this.words.leave, title: this.words.leave }, picture("M6 6l12 12M18 6L6 18"));
      leave.addEventListener("click", () => this.askToLeave());
      this.leaveButton = leave;
      this.panel.replaceChildren(this.head(leave), this.state, this.trouble, this.scroll, this.foot);
      for (const [id, facts] of this.said) this.append(id, facts);
      this.onState(cvc.state);
      this.toEnd();
      this.noteRead();
    }

    showWriting() {
      this.field = make("textarea", { id: "words", rows: 2, maxLength: this.longest, "aria-describedby": "hint" });
      const send = make("button", { className: "button primary", type: "submit" }, this.words.send);
      const form = make("form", { className: "write" }, make("label", { htmlFor: "words", className: "visually-hidden" }, this.words.message),
        this.field, send, make("span", { id: "hint", className: "hint" }, this.words.hint));
      this.field.placeholder = this.words.message;
      this.field.addEventListener("input", () => cvc.setTyping(Boolean(this.field.value)));
      this.field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        form.requestSubmit();
      });
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (cvc.sendMessage(this.field.value)) this.field.value = "";
        this.field.focus();
      });
      this.foot.replaceChildren(form);
      this.focusOn(this.field);
    }

    askToLeave() {
      if (cvc.state === "completed") { this.close(); return; }
      const stay = make("button", { className: "button", type: "button", onclick: () => this.showWriting() }, this.words.stay);
      const leave = make("button", { className: "button primary", type: "button" }, this.words.leave);
      leave.addEventListener("click", () => { leave.disabled = true; cvc.exit(); });
      this.foot.replaceChildren(make("form", {}, make("p", { className: "intro", role: "alert" }, this.words.really_leave), make("div", { className: "row" }, leave, stay)));
      leave.focus();
    }

    showOver() {
      const again = make("button", { className: "button primary", type: "button", onclick: () => { cvc.forget(); this.showForm(); } }, this.words.again);
      const held = this.foot.contains(this.shadowRoot.activeElement);
      this.foot.replaceChildren(again);
      this.field = null;
      this.leaveButton.hidden = true;
      if (held) again.focus();
    }

    onState(state) {
      if (!this.log || !state) return;
      const who = { agent: cvc.agent || this.lastAgent || this.words.agent };
      if (cvc.agent) this.lastAgent = cvc.agent;
      const over = { agent: this.words.over_by_agent, visitor: this.words.over_by_visitor }[cvc.endedBy] ?? this.words.over;
      const words = { proceeding: this.words.waiting, connected: this.words.connected, completed: over }[state];
      this.state.textContent = filled(words, who);
      if (state === "completed") this.showOver();
      else if (!this.field) this.showWriting();
    }

    // What was said

    onMessage(message) {
      this.drop(message.client_id);
      this.add(message.id, message);
      if (message.author === "visitor") return;
      if (this.isSeen()) this.noteRead();
      else if (message.id > cvc.readTo) { this.unread += 1; this.showUnread(); }
    }

    onOutgoing(item) {
      this.drop(item.id);
      if (item.state !== "sent") this.add(item.id, { author: "visitor", text: item.text, state: item.state, why: item.why });
    }

    drop(id) {
      this.said.delete(id);
      this.lines.get(id)?.remove();
      this.lines.delete(id);
    }

    add(id, facts) {
      this.said.set(id, facts);
      if (!this.log) return;
      const isAtEnd = this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 60;
      this.append(id, facts);
      if (isAtEnd) this.toEnd();
    }

    /** In its place: what has arrived in the order in which it did, then what has not. */
    append(id, facts) {
      const line = this.line(facts);
      line.place = typeof id === "number" ? id : Infinity;
      this.lines.set(id, line);
      this.log.insertBefore(line, [...this.log.children].find((one) => one.place > line.place) ?? null);
    }

    line({ author, name, text, at, file, state = "", why = "" }) {
      const isBad = state === "refused";
      const words = { sending: this.words.sending, refused: filled(this.words.refused, { why }) }[state];
      const who = author === "visitor" ? this.words?.you ?? "" : name || "";
      const time = at ? new Date(at).toLocaleTimeString(this.panel.lang || [], { hour: "2-digit", minute: "2-digit" }) : "";
      const line = make("li", { className: `said said--${author}` },
        make("span", { className: "said__head" }, [who, time].filter(Boolean).join(" · ")),
        text ? make("p", { className: "said__text" }, ...linked(text)) : null,
        words ? make("span", { className: `said__state${isBad ? " said__state--bad" : ""}` }, words) : null);
      if (file && /^https?:/.test(file.url)) {
        const link = make("a", { href: file.url, target: "_blank", rel: "noopener noreferrer" }, `${file.name} (${size(file.size)})`);
        link.setAttribute("aria-label", filled(this.words?.file ?? "{name}", { name: file.name }));
        line.append(make("p", { className: "said__text" }, link));
      }
      return line;
    }

    onTyping({ agent, seconds }) {
      if (!this.typingLine) return;
      clearTimeout(this.typing);
      const words = seconds ? make("span", { className: "dots" }, filled(this.words.typing, { agent: agent || this.words.agent })) : "";
      this.typingLine.replaceChildren(words);
      if (seconds) this.typing = setTimeout(() => this.typingLine.replaceChildren(), seconds * 1000);
      if (seconds) this.toEnd();
    }

    onConnection(how) {
      if (!this.trouble) return;
      this.trouble.textContent = how === "lost" ? this.words.lost : "";
      this.trouble.hidden = how !== "lost";
    }

    toEnd() { if (this.scroll) this.scroll.scrollTop = this.scroll.scrollHeight; }
    isSeen() { return this.panel.open && Boolean(this.log) && !document.hidden; }

    noteRead() {
      if (!this.isSeen()) return;
      this.unread = 0;
      this.showUnread();
      cvc.markRead();
    }

    showUnread() {
      this.badge.hidden = !this.unread;
      this.badge.textContent = this.unread || "";
      const label = this.getAttribute("label") || this.words?.open || "Chat";
      const told = filled(this.words?.unread ?? "{count}", { count: this.unread });
      this.launcher.setAttribute("aria-label", this.unread ? `${label}, ${told}` : label);
      this.dispatchEvent(new CustomEvent("unread", { detail: this.unread }));
    }
  }
  if (!customElements.get("keepsake-chat")) customElements.define("keepsake-chat", KeepsakeChat);

  // A tag that asks for the widget and no more gets it at the end of the page.
  const put = () => {
    if (!tag?.dataset.queue || document.querySelector("keepsake-chat, keepsake-launchpad")) return;
    const { queue, label, position, theme } = tag.dataset;
    document.body.append(make("keepsake-chat", Object.fromEntries(Object.entries({ queue, label, position, theme }).filter(([, value]) => value))));
  };
  if (tag?.dataset.widget === "chat") {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", put); else put();
  }
})();
