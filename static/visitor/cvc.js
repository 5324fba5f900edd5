// The visitor client of web chat, for any web page: no dependencies, no cookie, nothing that a strict
// Content-Security-Policy forbids but script-src and connect-src of the portal.
//
//   <script src="https://portal.example/static/visitor/cvc.js" data-widget="chat" data-queue="sales@shop.example" defer></script>
// or, without the widget:
//   cvc.setQueues([{ address: "sales@shop.example" }]); cvc.setUser("Maija", "maija@shop.example");
//   cvc.setCad({ customerType: "gold" }); cvc.attachEvent("message", (event) => show(event.detail.content)); cvc.startChat();
//
// The server is where this file lies, or what data-server on its script says; data-language forces a language.
(() => {
  "use strict";
  const tag = document.currentScript;
  const folder = new URL(".", tag?.src || location.href);
  const server = (tag?.dataset.server || new URL("../../", folder).href).replace(/\/+$/, "");

  const STORED = `keepsake.chat ${server}`;  // the chat that this browser has open, for every tab of this site
  const UNSENT = `keepsake.unsent ${server} `;
  const [WAITS, POSTS] = [40000, 15000];  // for news the server takes up to 25 seconds
  const PAUSES = [1000, 2000, 4000, 8000, 15000];
  const [KEPT, TYPES_EVERY] = [20000, 3000];
  const LEVELS = ["none", "error", "warn", "info", "debug"];
  // What is remembered in this browser; where a site may store nothing, until the page goes.
  const memory = new Map();
  const local = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return memory.get(key) ?? null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { memory.set(key, value); } },
    remove: (key) => { memory.delete(key); try { localStorage.removeItem(key); } catch { /* nothing is stored */ } },
    keys: () => { try { return Object.keys(localStorage); } catch { return [...memory.keys()]; } },
  };
  const stored = () => { try { return JSON.parse(local.get(STORED)); } catch { return null; } };

  let level = 1;
  const log = (name, ...words) => { if (LEVELS.indexOf(name) <= level) console[name === "debug" ? "log" : name](`cvc:`, ...words); };

  // What the chat begins with; then the chat
  const user = {};
  let [queues, cad] = [[], {}];
  let chat = null;  // { token, id }
  let starting = null;
  let [state, agent, endedBy, knows] = ["", null, null, ""];
  let isDestroyed = false;
  let asking = null;  // aborts the question for news
  const sleepers = new Set();
  const wake = () => { for (const awake of [...sleepers]) awake(); };
  let isLost = false;
  const messages = new Map();
  const unsent = new Map();  // by our own id: { id, text, state, why }

  // Events
  const listeners = new Map();
  const tell = (name, detail) => {
    log("debug", name, detail);
    const event = new CustomEvent(name, { detail });
    for (const [callback, listener] of [...(listeners.get(name) ?? [])]) {
      try { callback.call(listener ?? cvc, event); } catch (error) { log("error", error); }
    }
  };

  class CvcError extends Error {
    constructor(words, facts = {}) { super(words); this.name = "CvcError"; Object.assign(this, facts); }
  }
  const beforeStart = (method) => {
    if (chat || starting) {
      throw new CvcError(`${method}: attached data, name and e-mail address are set before the chat starts (startChat). It has started; nothing was changed.`);
    }
  };

  // Asking the server
  const ask = async (method, path, { body, known, signal, patience = POSTS, token = chat?.token, keepalive } = {}) => {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), patience);
    signal?.addEventListener("abort", () => limit.abort());
    try {
      const headers = token ? { Authorization: `Bearer ${token}` } : {};
      if (body !== undefined) headers["Content-Type"] = "application/json";
      if (known !== undefined) headers["Visitor-Knows"] = known;
      if (tag?.dataset.language) headers["Accept-Language"] = tag.dataset.language;  // else the browser says its own
      const answer = await fetch(`${server}/visitor/${path}`, {
        method, headers, body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", signal: limit.signal, keepalive,
      });
      const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
      return { status: answer.status, ok: answer.ok, told, after: Number(answer.headers.get("Retry-After")) * 1000 };
    } finally {
      clearTimeout(timer);
    }
  };
  const mayPass = (status) => status >= 500 || status === 408 || status === 429;
  const refusal = ({ status, told }) => {
    const named = Object.entries(told?.errors ?? {}).map(([name, words]) => `${name}: ${words.join(" ")}`);
    return new CvcError([told?.detail || `The server answered ${status}.`, ...named].join(" "), { status, errors: told?.errors ?? {} });
  };
  const pause = (ms) => new Promise((resolve) => {
    const awake = () => { clearTimeout(timer); sleepers.delete(awake); resolve(); };
    const timer = setTimeout(awake, ms);
    sleepers.add(awake);
  });
  const lost = (isNow) => { if (isLost !== isNow) { isLost = isNow; tell("connection", isNow ? "lost" : "back"); } };
  window.addEventListener("online", () => { asking?.abort(); wake(); sendUnsent(); });
  window.addEventListener("offline", () => { if (chat) lost(true); });

  // Asks until there is an answer that stays: what gets lost on the way is asked again, which changes nothing twice.
  // To a page that may not chat the browser shows no answer at all; then it is enough to know that there was one.
  const isThere = () => fetch(`${server}/health/live`, { mode: "no-cors", credentials: "omit" }).then(() => true, () => false);
  const askUntilAnswered = async (...question) => {
    for (let tries = 0, hidden = 0; ; tries += 1) {
      if (isDestroyed) throw new CvcError("The client was destroyed.");
      let answer = null;
      try { answer = await ask(...question); } catch { hidden = await isThere() ? hidden + 1 : 0; }
      if (answer && (!mayPass(answer.status) || answer.status === 429)) { lost(false); return answer; }
      if (hidden > 1) throw new CvcError("The server lets no page of this origin chat, or not with this queue.", { status: 403 });
      lost(true);
      await pause(PAUSES[Math.min(tries, PAUSES.length - 1)]);
    }
  };

  // A token that nobody guesses: 32 random bytes, in base64url
  const random = (bytes) => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes))))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  // One tab at a time begins a chat, so that two tabs begin the same.
  const alone = (act) => navigator.locks ? navigator.locks.request(STORED, act) : act();

  const order = () => ({
    queues: queues.map(({ address }) => ({ address })),
    ...(user.name ? { name: user.name } : {}),
    ...(user.email ? { email: user.email } : {}),
    ...(Object.keys(cad).length ? { attached_data: cad } : {}),
  });

  const begin = () => alone(async () => {
    const known = stored();
    if (known?.id) {
      const answer = await askUntilAnswered("GET", `chats/${known.id}`, { token: known.token });
      if (answer.ok && answer.told.state !== "completed") {
        log("info", "The chat that is open goes on; what was set before is for the next one.");
        return { ...known, told: answer.told };
      }
    }
    const isSame = known && !known.id && JSON.stringify(known.order) === JSON.stringify(order());
    const held = isSame ? known : { token: random(32), order: order() };  // the same begins the same chat
    if (!held.order.queues.length) throw new CvcError("startChat: no queue is set (setQueues).");
    local.set(STORED, JSON.stringify(held));
    const answer = await askUntilAnswered("POST", "chats", { token: held.token, body: held.order });
    if (!answer.ok) { local.remove(STORED); throw refusal(answer); }
    const begun = { token: held.token, id: answer.told.id };
    local.set(STORED, JSON.stringify(begun));
    return { ...begun, told: answer.told };
  });

  const enter = ({ token, id, told }) => {
    chat = { token, id };
    for (const key of local.keys()) {  // what was not sent before a reload
      if (!key.startsWith(UNSENT + id)) continue;
      try { const item = JSON.parse(local.get(key)); unsent.set(item.id, item); } catch { local.remove(key); }
    }
    take({ ...told, messages: told.transcript });
    for (const item of unsent.values()) tell("outgoing", item);
    sendUnsent();
    listen();
  };

  // News
  const show = (message) => {
    if (message.client_id) delivered(message.client_id);
    if (messages.has(message.id)) return;
    messages.set(message.id, message);
    tell("message", { ...message, content: message.text });
  };
  const take = (news) => {
    agent = news.agent;
    endedBy = news.ended_by;
    readTo = Math.max(readTo, news.read_to ?? 0);
    knows = news.knows ?? knows;
    news.messages.forEach(show);
    if (news.state !== state) { state = news.state; tell("chatState", state); }
    tell("typing", { agent, seconds: news.typing_seconds });
    if (state === "completed") over();
  };
  const over = () => {
    for (const item of unsent.values()) local.remove(UNSENT + chat.id + item.id);
    asking?.abort();
  };

  // A browser opens few connections to one server: of tabs in the background, one alone keeps one.
  let isFirst = !navigator.locks;
  navigator.locks?.request(`${STORED} background`, () => new Promise(() => { isFirst = true; }));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); });

  let isListening = false;
  const listen = async () => {
    if (isListening) return;
    isListening = true;
    let failures = 0;
    while (chat && state !== "completed" && !isDestroyed) {
      if (document.hidden && !isFirst) { await pause(KEPT); continue; }
      asking = new AbortController();
      const since = performance.now();
      try {
        const answer = await ask("GET", `chats/${chat.id}/news`, { known: knows, signal: asking.signal, patience: WAITS });
        if (isDestroyed || !chat) break;
        if ([401, 403, 404].includes(answer.status)) { gone(); break; }
        if (!answer.ok) throw refusal(answer);
        failures = 0;
        lost(false);
        if (answer.told) take(answer.told);
        else if (answer.after || performance.now() - since < KEPT) await pause(answer.after || 2000);
      } catch {
        if (isDestroyed || !chat || state === "completed") break;
        failures += 1;
        lost(true);
        await pause(PAUSES[Math.min(failures - 1, PAUSES.length - 1)]);
      }
    }
    isListening = false;
  };
  const gone = () => { endedBy = "system"; state = "completed"; over(); tell("chatState", state); };

  // What the visitor writes: it leaves in order, again and again until it has arrived, and arrives once.
  const delivered = (id) => {
    const item = unsent.get(id);
    if (!item) return;
    unsent.delete(id);
    local.remove(UNSENT + chat.id + id);
    tell("outgoing", { ...item, state: "sent" });
  };
  const refused = (item, why) => {
    item.state = "refused";
    item.why = why;
    local.remove(UNSENT + chat.id + item.id);
    tell("outgoing", item);
  };
  let isSending = false;
  const sendUnsent = async () => {
    if (isSending || !chat) return;
    isSending = true;
    try {
      for (let item; (item = [...unsent.values()].find((one) => one.state === "sending")) && !isDestroyed;) {
        const { id, text } = item;
        const answer = await askUntilAnswered("POST", `chats/${chat.id}/messages`, { body: { id, text } });
        if (answer.ok) show(answer.told);
        else if (answer.status === 429) await pause(Math.min(answer.after || PAUSES[2], PAUSES[4]));
        else refused(item, refusal(answer).message);
      }
    } catch (error) { log("warn", error); }
    isSending = false;
  };

  let [typedAt, isTyping, readTo] = [-TYPES_EVERY, false, 0];
  const quietly = (path, body) => { if (chat && state !== "completed") ask("POST", `chats/${chat.id}/${path}`, { body, keepalive: true }).catch(() => {}); };

  const text = (value, method) => {
    if (typeof value !== "string") throw new CvcError(`${method}: text is expected.`);
    return value;
  };

  const cvc = {
    /** Where the chat is to go: the first queue that takes it has it. Example: [{ address: "sales@shop.example" }] */
    setQueues(list) {
      beforeStart("setQueues");
      if (!Array.isArray(list) || !list.every((one) => typeof one?.address === "string")) throw new CvcError("setQueues: a list of { address } is expected.");
      queues = list.map(({ address }) => ({ address }));
    },
    /** The visitor, attached as name and email. Before startChat only. */
    setUser(name, email) {
      beforeStart("setUser");
      Object.assign(user, { name: text(name ?? "", "setUser").trim(), email: text(email ?? "", "setUser").trim() });
    },
    /** Attached data, key by key; what was set before stays. Before startChat only. */
    setCad(data) {
      beforeStart("setCad");
      if (data === null || typeof data !== "object" || Array.isArray(data)) throw new CvcError("setCad: an object of keys and values is expected.");
      cad = { ...cad, ...JSON.parse(JSON.stringify(data)) };
    },
    /** Begins the chat, or goes on with the one this browser has open. Resolves with its id. */
    startChat() {
      if (chat && state !== "completed") return Promise.resolve(chat.id);
      if (!starting) {
        if (chat) cvc.forget();
        starting = begin().then((begun) => { enter(begun); return begun.id; });
        starting.catch((error) => tell("error", error)).finally(() => { starting = null; });
      }
      return starting;
    },
    /** Goes on with the chat this browser has open, if there is one. Resolves with its id, or null. */
    async resume() {
      if (chat || starting) return chat?.id ?? starting;
      if (!stored()?.id) return null;
      starting = alone(async () => {
        const known = stored();
        const answer = known?.id ? await askUntilAnswered("GET", `chats/${known.id}`, { token: known.token }) : null;
        if (!answer?.ok) { local.remove(STORED); return null; }
        enter({ ...known, told: answer.told });
        return known.id;
      });
      try { return await starting; } finally { starting = null; }
    },
    /** Sends a message. It may be called while the connection is lost; what is sent arrives once. */
    sendMessage(words) {
      if (!chat) throw new CvcError("sendMessage: no chat has started (startChat).");
      if (state === "completed") throw new CvcError("sendMessage: the chat has ended.");
      if (!text(words, "sendMessage").trim()) return null;
      const item = { id: random(12), text: words, state: "sending", why: "" };
      unsent.set(item.id, item);
      local.set(UNSENT + chat.id + item.id, JSON.stringify(item));
      [isTyping, typedAt] = [false, -TYPES_EVERY];
      tell("outgoing", item);
      sendUnsent();
      return item.id;
    },
    /** Events: chatState (proceeding, connected, completed), message, and for widgets typing, connection, outgoing, error. */
    attachEvent(name, callback, listener) {
      if (typeof callback !== "function") throw new CvcError("attachEvent: a function is expected.");
      listeners.set(name, [...(listeners.get(name) ?? []), [callback, listener]]);
    },
    detachEvent(name, callback) {
      listeners.set(name, (listeners.get(name) ?? []).filter(([one]) => callback && one !== callback));
    },
    /** Calls back with participants, transcript and state; a promise of the same. */
    async getDetails(callback) {
      let details = { id: null, state: "", participants: [], transcript: [] };
      if (chat) {
        const answer = await askUntilAnswered("GET", `chats/${chat.id}`);
        if (!answer.ok) throw refusal(answer);
        details = answer.told;
      }
      callback?.(details);
      return details;
    },
    /** Where a widget stands: "right" or "left". */
    dockContainer(position) { tell("dock", position); },
    /** "none", "error", "warn", "info" or "debug", or their number. */
    setLogLevel(named) {
      const found = typeof named === "number" ? named : LEVELS.indexOf(String(named).toLowerCase());
      if (!(found in LEVELS)) throw new CvcError(`setLogLevel: one of ${LEVELS.join(", ")} is expected.`);
      level = found;
    },
    /** The visitor leaves: the chat ends. */
    async exit() {
      if (starting) await starting.catch(() => {});
      if (!chat) return;
      local.remove(STORED);
      if (state === "completed") return;
      const answer = await askUntilAnswered("POST", `chats/${chat.id}/leave`, {});
      if (answer.ok) take({ ...answer.told, messages: answer.told.transcript }); else gone();
    },
    /** Takes the client off the page; a chat that is open stays open, until the visitor has been gone for a while. */
    destroy() {
      isDestroyed = true;
      asking?.abort();
      wake();
      tell("destroy", null);
      listeners.clear();
    },

    // For widgets
    /** Makes room for another chat once one has ended. */
    forget() {
      if (chat && state !== "completed") throw new CvcError("forget: the chat is open.");
      if (stored()?.id === chat?.id) local.remove(STORED);
      chat = null;
      [state, agent, endedBy, knows, readTo] = ["", null, null, "", 0];
      for (const all of [messages, unsent]) all.clear();
    },
    /** What a visitor is asked before, and the words of the widget. */
    async getEntry() {
      const address = queues[0]?.address;
      if (!address) throw new CvcError("No queue is set (setQueues).");
      const answer = await ask("GET", `entry?address=${encodeURIComponent(address)}`, { token: null });
      if (!answer.ok) throw refusal(answer);
      return answer.told;
    },
    setTyping(isNow) {
      if (isNow ? performance.now() - typedAt < TYPES_EVERY : !isTyping) return;
      typedAt = isNow ? performance.now() : -TYPES_EVERY;
      isTyping = isNow;
      quietly("typing", { typing: isNow });
    },
    /** Everything so far was on the screen. */
    markRead() {
      const last = Math.max(0, ...[...messages.values()].filter((one) => one.author !== "visitor").map((one) => one.id));
      if (last > readTo) { readTo = last; quietly("read", { message: last }); }
    },
    get state() { return state; }, get agent() { return agent; }, get readTo() { return readTo; }, get endedBy() { return endedBy; },
    get user() { return { ...user }; }, get cad() { return { ...cad }; }, get queues() { return queues.map((one) => ({ ...one })); },
    get hasOpenChat() { return Boolean(stored()?.id); },
    STORED,
  };
  window.cvc = cvc;

  // The widget comes along where the tag asks for it.
  if (tag?.dataset.widget) {
    for (const part of ["look.js", "widget.js", "launchpad.js"]) {
      const script = Object.assign(document.createElement("script"), { src: new URL(part, folder).href, async: false });
      if (part === "widget.js") Object.assign(script.dataset, tag.dataset);
      document.head.append(script);
    }
  }
})();
