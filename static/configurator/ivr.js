/* IVR definitions: steps that open and close and show what their kind needs; a telephone pressed by the keyboard, too. */
(() => {
  "use strict";

  const shown = {
    say: ["prompt", "next_step"],
    menu: ["prompt", "variable", "keys", "back_key", "most_wrong", "other_step"],
    digits: ["prompt", "variable", "shortest", "longest", "pattern", "back_key", "most_wrong", "next_step", "other_step"],
    hours: ["opening_hours", "next_step", "other_step"],
    assign: ["variable", "value", "next_step"],
    transfer: ["prompt", "queue", "attached_variables"],
    hang_up: ["prompt"],
  };
  const always = ["position", "name", "kind"];
  const known = new Set([...always, ...Object.values(shown).flat()]);
  const steps = "select[name^='steps-'][name$='-kind']";

  const beside = (kind, name) => document.getElementsByName(kind.name.replace(/kind$/, name))[0];

  const namesOf = (row) => [...row.classList].filter((name) => name.startsWith("field-")).map((name) => name.slice(6)).filter((name) => known.has(name));

  const showFields = (kind) => {
    const wanted = [...always, ...(shown[kind.value] ?? [])];
    kind.closest(".form-group").querySelectorAll("[class*='field-']").forEach((row) => {
      const names = namesOf(row);
      if (names.length) row.classList.toggle("ivr-hidden", !names.some((name) => wanted.includes(name)));
    });
  };

  const addTitle = (kind) => {
    const group = kind.closest(".form-group");
    const words = group.querySelector("h3 strong");
    const parts = group.querySelectorAll("fieldset");
    const button = Object.assign(document.createElement("button"), { type: "button", className: "ivr-step-title" });
    const tell = () => {
      const name = beside(kind, "name").value || words.textContent;
      const small = Object.assign(document.createElement("small"), { textContent: kind.value && kind.selectedOptions[0].textContent });
      button.replaceChildren(name, small);
      showFields(kind);
    };
    const open = (isOpen) => {
      button.setAttribute("aria-expanded", isOpen);
      parts.forEach((part) => part.classList.toggle("ivr-hidden", !isOpen));
    };
    words.hidden = true;
    words.after(button);
    button.addEventListener("click", () => open(button.getAttribute("aria-expanded") !== "true"));
    kind.addEventListener("change", tell);
    beside(kind, "name").addEventListener("input", tell);
    tell();
    open(!beside(kind, "id").value || Boolean(group.querySelector(".errors, .errorlist")));
  };

  const setPosition = (kind) => {
    const position = beside(kind, "position");
    if (beside(kind, "id").value || (position.value && position.value !== "0")) return;
    const others = [...document.querySelectorAll("input[name^='steps-'][name$='-position']")];
    position.value = Math.max(0, ...others.map((field) => Number(field.value) || 0)) + 10;
  };

  const begin = () => document.querySelectorAll(steps).forEach((kind) => {
    if (kind.name.includes("__prefix__") || kind.dataset.begun) return;
    kind.dataset.begun = "yes";
    setPosition(kind);
    addTitle(kind);
  });

  // What is typed is drawn, a moment after the last key. Choices that are searched for tell of a change by jQuery alone.
  let waits = 0;
  const drawSoon = () => {
    clearTimeout(waits);
    waits = setTimeout(() => document.getElementById("ivr-drawn")?.dispatchEvent(new Event("ivr-typed")), 500);
  };
  const follow = () => {
    const form = document.getElementById("ivrdefinition_form");
    if (!form || form.dataset.followed) return;
    form.dataset.followed = "yes";
    for (const name of ["input", "change"]) form.addEventListener(name, drawSoon);
    for (const name of ["formset:added", "formset:removed"]) document.addEventListener(name, drawSoon);
    window.django?.jQuery?.(form).on("change", "select", drawSoon);
    if (form.querySelector(".errors, .errorlist")) drawSoon();
  };

  document.addEventListener("DOMContentLoaded", () => { begin(); follow(); });
  document.addEventListener("formset:added", begin);
  if (document.readyState !== "loading") { begin(); follow(); }

  let wordsAreOpen = false;
  const words = () => document.getElementById("ivr-words");
  document.addEventListener("htmx:beforeSwap", () => { wordsAreOpen = Boolean(words()?.open); });
  document.addEventListener("htmx:afterSwap", () => { if (words()) words().open = wordsAreOpen; });

  document.addEventListener("keydown", (event) => {
    const telephone = event.target.closest?.("[data-telephone]");
    if (!telephone || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
    const key = telephone.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!key) return;
    event.preventDefault();
    key.click();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "ivr-tried-out" || document.activeElement.matches("[data-key]")) return;
    event.target.querySelector("#ivr-digits, [data-key], #ivr-begin")?.focus({ preventScroll: true });
  });
})();
