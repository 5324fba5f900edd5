/* Messaging services: making up a secret, shown this once so that it can be entered at Sinch as well. */
(() => {
  "use strict";

  const says = document.currentScript.dataset;

  const madeUp = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  const offer = (field) => {
    if (field.disabled || field.name.includes("__prefix__") || field.dataset.offered) return;
    field.dataset.offered = "";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "make-up";
    button.textContent = says.saysMakeUp;
    button.addEventListener("click", () => {
      field.type = "text";
      field.value = madeUp();
      field.readOnly = true;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.select();
      navigator.clipboard?.writeText(field.value).then(() => { button.textContent = says.saysMadeUp; }, () => {});
    });
    field.after(button);
  };

  const offerAll = () => document.querySelectorAll('input[name^="secrets-"][name$="-secret"]').forEach(offer);
  document.addEventListener("DOMContentLoaded", offerAll);
  document.addEventListener("formset:added", offerAll);
  if (document.readyState !== "loading") offerAll();
})();
