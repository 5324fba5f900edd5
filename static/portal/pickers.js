// Beside each field for a date and time, or a day alone: a button that opens the browser's calendar. What stands in the
// field is written as on every page, 2026-11-28 19:07, and not as the browser would.
(() => {
  "use strict";

  const says = document.currentScript.dataset;

  const addPicker = (field) => {
    const [type, length] = field.dataset.moment === "day" ? ["date", 10] : ["datetime-local", 16];
    const calendar = Object.assign(document.createElement("input"), { type, tabIndex: -1 });
    const button = Object.assign(document.createElement("button"), { type: "button", className: "moment__button" });
    const box = Object.assign(document.createElement("span"), { className: "moment" });
    calendar.setAttribute("aria-hidden", "true");
    button.setAttribute("aria-label", says.saysChoose);
    button.title = says.saysChoose;
    field.replaceWith(box);
    box.append(field, button, calendar);
    button.addEventListener("click", () => {
      calendar.value = field.value.trim().replace(" ", "T").slice(0, length);
      calendar.showPicker();
    });
    calendar.addEventListener("change", (event) => {
      event.stopPropagation();
      field.value = calendar.value.replace("T", " ");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  };

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("input[data-moment]").forEach(addPicker));
})();
