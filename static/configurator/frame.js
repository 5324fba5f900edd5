/* Around every page of the System Configurator: names for fields that a library draws, and focus that is not lost. */
(() => {
  "use strict";

  const says = document.currentScript.dataset;

  const text = (element) => element?.textContent.replace(/\s+/g, " ").trim() ?? "";

  /** What a person calls the field: its own label, or the heading of its column. */
  const nameOf = (select) =>
    select.getAttribute("aria-label") || text(document.querySelector(`label[for="${CSS.escape(select.id)}"]`));

  /** Select2 draws its own boxes and leaves them without a name. */
  const nameBox = (container) => {
    const select = container.previousElementSibling;
    if (!(select instanceof HTMLSelectElement)) return;
    const name = nameOf(select);
    const list = container.querySelector("ul.select2-selection__rendered");
    if (list && list.getAttribute("role") !== "group") {
      list.setAttribute("role", "group");
      list.setAttribute("aria-label", name);
    }
    list?.querySelectorAll("li:not([role])").forEach((item) => item.setAttribute("role", "presentation"));
    container.querySelector(".select2-search__field")?.setAttribute("aria-label", name);
    const box = container.querySelector("span.select2-selection__rendered");
    if (box) {
      const value = box.querySelector(".select2-selection__placeholder") ? "" : box.title || text(box);
      const label = value ? `${name}: ${value}` : name;
      if (box.getAttribute("aria-label") !== label) box.setAttribute("aria-label", label);
    }
    const selection = container.querySelector(".select2-selection");
    if (selection && selection.getAttribute("aria-label") !== name) selection.setAttribute("aria-label", name);
  };

  const nameBoxes = () => document.querySelectorAll("span.select2-container").forEach(nameBox);

  /** After saving, the keyboard goes on where it was; on another page, at what that page says. */
  const KEY = "configurator:focus";

  const remember = (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    const at = event.submitter ?? document.activeElement;
    const field = at?.id ? `#${CSS.escape(at.id)}` : at?.name ? `[name="${CSS.escape(at.name)}"]` : "";
    sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, field }));
  };

  const goOn = () => {
    const wrong = document.querySelector(".errornote") && document.querySelector(
      '[aria-invalid="true"]:not([type="hidden"]), .errors :is(input, select, textarea):not([type="hidden"])');
    const saved = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    if (document.activeElement && document.activeElement !== document.body) return;
    const asked = document.querySelector("[autofocus]");  // a slow browser has not come to it yet
    if (asked) { asked.focus(); return; }
    if (wrong && !wrong.hidden) { wrong.focus(); return; }
    if (!saved) return;
    const { path, field } = JSON.parse(saved);
    const again = path === location.pathname && field ? document.querySelector(field) : null;
    const place = again ?? document.getElementById("content");
    place?.focus({ preventScroll: true });
  };

  const start = () => {
    document.getElementById("content")?.setAttribute("tabindex", "-1");
    document.getElementById("searchbar-submit")?.setAttribute("aria-label", says.saysSearch);
    nameBoxes();
    new MutationObserver(nameBoxes).observe(document.body, { childList: true, subtree: true });
    document.addEventListener("submit", remember);
    setTimeout(goOn, 0);  // after the scripts that put the focus where a list is wrong
  };

  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
