// Who is typing: says so to the visitor of a web chat, and takes away what is said of the visitor once it is over.
(() => {
  const SAID_EVERY = 3000;
  const STOPPED = 5000;
  let saidAt = -SAID_EVERY;
  let timer = 0;

  const say = (form, typing) => {
    clearTimeout(timer);
    saidAt = typing ? performance.now() : -SAID_EVERY;
    if (typing) timer = setTimeout(() => say(form, false), STOPPED);
    const csrfmiddlewaretoken = form.elements.csrfmiddlewaretoken.value;
    const body = new URLSearchParams({ csrfmiddlewaretoken, typing: typing ? "yes" : "no" });
    fetch(form.dataset.typing, { method: "POST", body, keepalive: true }).catch(() => {});
  };
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (event.target.id !== "reply_text" || !form?.dataset.typing) return;
    if (!event.target.value) say(form, false);
    else if (performance.now() - saidAt > SAID_EVERY) say(form, true);
  });
  document.addEventListener("submit", (event) => { if (event.target.dataset.typing) { clearTimeout(timer); saidAt = -SAID_EVERY; } });

  let shown = 0;
  const hideInTime = () => {
    clearTimeout(shown);
    const line = document.querySelector(".desk__typing");
    if (line) shown = setTimeout(() => line.remove(), line.dataset.seconds * 1000);
  };
  document.body.addEventListener("htmx:oobAfterSwap", (event) => { if (event.target.id === "conversation_typing") hideInTime(); });
  hideInTime();
})();
