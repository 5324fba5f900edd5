// Ctrl-K finds anything, on every page and from every field; “/” goes to the page's own search, where it has one.
(() => {
  "use strict";

  const OWN_SEARCH = "#searchbar, :is(main, #content) input[type=search]:not([data-jump])";

  const start = () => {
    const palette = document.getElementById("palette");
    if (!palette) return;
    const words = document.getElementById("palette_words");
    const links = () => [...palette.querySelectorAll("#palette_found a")];

    const open = () => {
      if (!palette.open) palette.showModal();
      words.select();
    };
    const isTyped = (target) =>
      target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

    document.querySelectorAll("[data-open-palette]").forEach((button) => button.addEventListener("click", open));
    document.addEventListener("keydown", (event) => {
      const isFind = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyped(event.target);
      if (!isFind && !isSlash) return;
      event.preventDefault();
      event.stopPropagation();
      const own = isSlash && !palette.open && document.querySelector(OWN_SEARCH);
      if (own) own.select(); else open();
    }, true);

    palette.addEventListener("keydown", (event) => {
      const found = links();
      const at = found.indexOf(document.activeElement);
      if (event.key === "Enter" && at < 0) found[0]?.click();
      else if (event.key === "ArrowDown") found[Math.min(at + 1, found.length - 1)]?.focus();
      else if (event.key === "ArrowUp") (found[at - 1] ?? words).focus();
      else return;
      if (event.key !== "Enter" || at < 0) event.preventDefault();
    });
    palette.addEventListener("click", (event) => { if (event.target === palette) palette.close(); });
  };

  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
