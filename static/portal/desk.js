// What keeps the desk calm while it is updated: where the keyboard is, the place in the transcript, a word when the
// portal does not answer, and an update at once when the page comes back into view.
(() => {
  const lost = document.getElementById("connection_lost");
  const news = document.getElementById("news");
  const show = (isLost) => { if (lost.hidden === isLost) lost.hidden = !isLost; };

  for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    news.addEventListener(failure, () => show(true));
  }
  news.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) show(false); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) htmx.trigger(news, "wake"); });
  window.addEventListener("online", () => htmx.trigger(news, "wake"));
  window.addEventListener("offline", () => show(true));

  // After an action, or from another conversation, the keyboard goes on at the heading, which tells what happened.
  const arrive = () => document.querySelector("[data-arrive]")?.focus();
  const isFromDesk = document.referrer.startsWith(`${location.origin}/desk/`);
  if (isFromDesk && document.activeElement === document.body) arrive();

  // A part that is replaced keeps the keyboard and an open question; what has gone hands the keyboard to the heading.
  let held = false;
  let asked = false;
  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    held = event.target.contains(document.activeElement);
    asked = Boolean(event.target.querySelector("#confirm_end:popover-open"));
  });
  document.body.addEventListener("htmx:oobAfterSwap", () => {
    const again = document.getElementById("confirm_end");
    if (asked && again) again.showPopover();
    if (held && document.activeElement === document.body) arrive();
    held = asked = false;
  });

  // The newest message stays in view for a reader who is at the end; others keep their place.
  const messages = () => document.getElementById("messages_scroll");
  const toEnd = () => { const box = messages(); if (box) box.scrollTop = box.scrollHeight; };
  let place = null;
  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const box = messages();
    if (event.target.id !== "conversation_messages" || !box) return;
    place = box.scrollHeight - box.scrollTop - box.clientHeight < 40 ? "end" : box.scrollTop;
  });
  document.body.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.target.id !== "conversation_messages" || place === null) return;
    if (place === "end") toEnd(); else messages().scrollTop = place;
    place = null;
  });
  toEnd();
})();
