/* Keys that come in: choosing all of a page, and completing the names an alias can stand for. */
(() => {
  "use strict";

  const complete = (known) => {
    let timer;
    document.addEventListener("input", (event) => {
      if (event.target.getAttribute?.("list") !== known.id) return;
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const response = await fetch(`${known.dataset.address}?q=${encodeURIComponent(event.target.value)}`);
        if (!response.ok || response.redirected) return;
        const { names } = await response.json();
        known.replaceChildren(...names.map((value) => Object.assign(document.createElement("option"), { value })));
      }, 150);
    });
  };

  const chooseAll = (bulk) => {
    const all = bulk.querySelector("[data-all]");
    const said = bulk.querySelector("[data-chosen]");
    const boxes = [...document.querySelectorAll(`input[form="${bulk.id}"]`)];
    const words = said.textContent;
    const tell = () => {
      const chosen = boxes.filter((box) => box.checked).length;
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
      said.textContent = chosen ? said.dataset.saysChosen.replace("{count}", chosen) : words;
    };
    all.hidden = false;
    all.addEventListener("change", () => { boxes.forEach((box) => { box.checked = all.checked; }); tell(); });
    boxes.forEach((box) => box.addEventListener("change", tell));
    tell();
  };

  document.addEventListener("DOMContentLoaded", () => {
    const known = document.getElementById("known-names");
    if (known) complete(known);
    const bulk = document.getElementById("seen-bulk");
    if (bulk) chooseAll(bulk);
  });
})();
