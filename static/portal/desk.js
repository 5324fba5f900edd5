// What keeps the desk up to date, and calm while it is: the request that waits for news, where the keyboard is, the place
// in the transcript, and a word when the portal does not answer or the session has ended.
(() => {
  const lost = document.getElementById("connection_lost");
  const signedOut = document.getElementById("signed_out");
  const news = document.getElementById("news");
  const show = (notice, isShown) => { if (notice.hidden === isShown) notice.hidden = !isShown; };

  // The portal keeps a request until there is news. Where it cannot, the page asks again after a while.
  const SLOW = 2000;
  const KEPT = 20000;
  let askedAt = 0;
  let timer = 0;
  const LOST = 60000;  // whatever became of a request, another follows
  const ask = () => { askIn(LOST); htmx.trigger(news, "ask"); };
  const askIn = (ms) => { clearTimeout(timer); timer = setTimeout(ask, ms); };
  const wait = (xhr) => {
    if (xhr.status === 200) return 0;
    if (xhr.status !== 204) return SLOW + Math.random() * SLOW;
    const wasKept = performance.now() - askedAt > KEPT;
    return xhr.getResponseHeader("Retry-After") * 1000 || (wasKept ? 0 : SLOW);
  };

  // A browser opens few connections to one portal: of pages in the background, one alone keeps one.
  let isFirst = false;
  navigator.locks?.request("desk", () => new Promise(() => { isFirst = true; }));
  news.addEventListener("htmx:configRequest", (event) => {
    askedAt = performance.now();
    if (document.hidden && !isFirst) event.detail.parameters.now = "";
  });
  news.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, successful } = event.detail;
    show(signedOut, xhr.status === 401);
    show(lost, !successful && xhr.status !== 401);
    askIn(wait(xhr));
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  window.addEventListener("online", () => { htmx.trigger(news, "htmx:abort"); askIn(0); });
  window.addEventListener("offline", () => show(lost, true));
  askIn(LOST);

  // After an action, or from another conversation, the keyboard goes on at the heading, which tells what happened.
  const arrive = () => document.querySelector("[data-arrive]")?.focus();
  const isFromDesk = document.referrer.startsWith(`${location.origin}/desk/`);
  if (isFromDesk && document.activeElement === document.body) arrive();

  // A part that is replaced keeps the keyboard and an open question; what has gone hands the keyboard to the heading.
  let held = false;
  let asked = false;
  let typed = [];
  let opened = [];
  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    held = event.target.contains(document.activeElement);
    asked = Boolean(event.target.querySelector("#confirm_end:popover-open"));
    typed = [...event.target.querySelectorAll("input[id]:not([type=hidden]), select[id]")].map((field) => [field.id, field.value]);
    opened = [...event.target.querySelectorAll("details[id][open]")].map((details) => details.id);
  });
  document.body.addEventListener("htmx:oobAfterSwap", () => {
    const again = document.getElementById("confirm_end");
    if (asked && again) again.showPopover();
    for (const [id, value] of typed) { const field = document.getElementById(id); if (field) field.value = value; }
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    if (held && document.activeElement === document.body) arrive();
    held = asked = false;
  });

  // The newest message stays in view for a reader who is at the end, or writes; others keep their place. A picture
  // takes its room once it has come.
  const messages = () => document.getElementById("messages_scroll");
  let isAtEnd = true;
  let place = 0;
  const settle = () => { const box = messages(); if (box) box.scrollTop = isAtEnd ? box.scrollHeight : place; };
  document.addEventListener("scroll", ({ target: box }) => {
    if (box !== messages()) return;
    isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    place = box.scrollTop;
  }, true);
  document.addEventListener("load", ({ target }) => { if (isAtEnd && messages()?.contains(target)) settle(); }, true);
  document.addEventListener("submit", ({ target }) => { if (target.id === "reply") isAtEnd = true; });
  document.body.addEventListener("htmx:oobAfterSwap", ({ target }) => { if (target.id === "conversation_messages") settle(); });
  settle();
})();
