/* The rights matrix: whole rows and columns at once, arrow keys, and what would change so far.
   The boxes are ordinary ones and are sent as they are; without this file all but the shortcuts works. */
(() => {
  "use strict";

  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.getElementById("matrix-choice");
    // Choosing a column shows it at once.
    if (choice && window.django) {
      django.jQuery(choice).on("select2:select", "select", () => choice.requestSubmit());
    }

    const form = document.getElementById("matrix");
    if (!form) return;
    const said = form.querySelector("[data-said]");
    const boxes = [...form.querySelectorAll("input[name=cell]")];
    const before = new Set(form.elements.before.value.split(" "));
    let leaving = false;

    const changed = (box) => box.checked !== before.has(box.value);
    const tell = () => {
      boxes.forEach((box) => box.closest("td").classList.toggle("is-changed", changed(box)));
      const grants = boxes.filter((box) => changed(box) && box.checked).length;
      const withdrawals = boxes.filter((box) => changed(box) && !box.checked).length;
      const words = grants && withdrawals ? said?.dataset.saysBoth
        : grants ? said?.dataset.saysGrants
        : withdrawals ? said?.dataset.saysWithdrawals : "";
      if (said) said.textContent = words.replace("{grants}", grants).replace("{withdrawals}", withdrawals);
      return grants + withdrawals;
    };

    form.querySelectorAll(".matrix-all").forEach((button) => {
      const own = "row" in button.dataset
        ? [...button.closest("tr").querySelectorAll("input[name=cell]")]
        : boxes.filter((box) => box.dataset.column === button.dataset.column);
      button.hidden = own.length === 0;
      button.addEventListener("click", () => {
        const ticked = !own.every((box) => box.checked);
        own.forEach((box) => { box.checked = ticked; });
        tell();
      });
    });

    form.addEventListener("change", tell);
    form.addEventListener("submit", () => { leaving = true; });
    addEventListener("beforeunload", (event) => { if (!leaving && tell()) event.preventDefault(); });

    // Arrow keys walk from box to box; inherited cells are passed over.
    form.addEventListener("keydown", (event) => {
      const box = event.target.closest("input[name=cell]");
      const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!box || !step) return;
      event.preventDefault();
      const rows = [...form.querySelectorAll("tbody tr")].map((row) => [...row.cells]);
      let row = rows.findIndex((cells) => cells.includes(box.closest("td")));
      let column = rows[row].indexOf(box.closest("td"));
      for (;;) {
        row += step[0];
        column += step[1];
        const cell = rows[row]?.[column];
        if (!cell) return;
        const next = cell.querySelector("input[name=cell]");
        if (next) { next.focus(); return; }
      }
    });

    tell();
  });
})();
