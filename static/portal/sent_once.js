// A second press of a form that is on its way sends nothing. The portal counts it once all the same.
(() => {
  const SECONDS = 10;  // then it may have been a download, or the portal did not answer
  let sent = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (sent.has(form)) { event.preventDefault(); return; }
    sent.add(form);
    setTimeout(() => sent.delete(form), SECONDS * 1000);
  });
  window.addEventListener("pageshow", () => { sent = new WeakSet(); });
})();
