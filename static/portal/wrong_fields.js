// Marks the fields that an answer finds fault with, where only the results of a form were sent anew.
(() => {
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "results") return;
    for (const field of document.querySelectorAll("#filters [aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const message of document.querySelectorAll("#filters .field__error, #filters .errorlist")) message.remove();
    for (const link of event.target.querySelectorAll("[role=alert] a[href^='#']")) {
      document.querySelector(link.hash)?.setAttribute("aria-invalid", "true");
    }
  });
})();
