// What keeps the desk calm while it is updated: the place in the transcript, a word when the portal does not answer,
// and an update at once when the page comes back into view.
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
