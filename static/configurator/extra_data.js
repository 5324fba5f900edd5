/* The extra-data matrix: arrow keys, "/" to search for a key, Enter adds it, and what saving would do.
   The boxes are ordinary ones; without this file all but the shortcuts works. */
(() => {
  "use strict";

  /** Offers what the server finds for the text as one types. */
  const offer = (input, list, address, entries) => {
    let timer;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const response = await fetch(`${address}?q=${encodeURIComponent(input.value.trim())}`);
        if (!response.ok) return;
        list.replaceChildren(...entries(await response.json()).map(([value, label]) => Object.assign(document.createElement("option"), { value, label })));
      }, 200);
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    const jump = document.querySelector("[data-jump]");
    const addresses = new Map();
    if (jump) {
      offer(jump, document.getElementById("jump-places"), jump.dataset.jump, (answer) => answer.places.map((place) => {
        addresses.set(place.name, place.address);
        return [place.name, `${place.name} (${place.level})`];
      }));
      const go = () => { if (addresses.has(jump.value)) location.assign(addresses.get(jump.value)); };
      jump.addEventListener("change", go);
      jump.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); go(); } });
    }

    const form = document.getElementById("extra-data");
    const find = document.getElementById("find-key");
    if (!form || !find) return;
    const rows = form.querySelector("[data-rows]");
    const said = form.querySelector("[data-said]");
    const panel = form.querySelector("[data-panel]");
    const boxes = () => [...rows.querySelectorAll("input[type=checkbox]")];
    let leaving = false;
    let changed = false;
    let asked = 0;
    let timer;

    const tell = () => {
      boxes().forEach((box) => box.closest("td").classList.toggle("is-changed", box.checked !== box.defaultChecked));
      changed = boxes().some((box) => box.checked !== box.defaultChecked);
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const number = (asked += 1);
        const response = await fetch(form.dataset.impact, { method: "POST", body: new FormData(form) });
        if (response.ok && number === asked) panel.innerHTML = await response.text();
      }, 250);
    };

    const notes = new Map();
    offer(find, document.getElementById("found-keys"), find.dataset.find, (answer) => answer.keys.map((key) => {
      notes.set(key.name, key.note);
      return [key.name, key.note ? `${key.name} – ${key.note}` : key.name];
    }));

    const add = () => {
      const key = find.value.trim();
      if (!key) return;
      let box = boxes().find((other) => other.value === key);
      if (!box) {
        const row = form.querySelector("template[data-row]").content.cloneNode(true);
        row.querySelector("code").textContent = key;
        row.querySelector("small").textContent = notes.get(key) ?? "";
        row.querySelector("[name=row]").value = key;
        row.querySelectorAll("input[type=checkbox]").forEach((other) => {
          other.value = key;
          other.setAttribute("aria-label", `${key}, ${other.dataset.label}`);
        });
        rows.append(row);
        box = rows.lastElementChild.querySelector("input[type=checkbox]");
        said.textContent = `${key} is a row now. Space ticks a list.`;
      }
      find.value = "";
      box.focus();
    };
    form.querySelector("[data-add]").addEventListener("click", add);
    find.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); add(); } });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); find.focus(); }
    });

    if ("pending" in form.dataset) tell();
    form.addEventListener("change", tell);
    form.addEventListener("submit", () => { leaving = true; });
    addEventListener("beforeunload", (event) => { if (!leaving && changed) event.preventDefault(); });

    form.addEventListener("keydown", (event) => {
      const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!step || !event.target.matches("[data-rows] input[type=checkbox]")) return;
      event.preventDefault();
      const cell = event.target.closest("td");
      const row = rows.rows[[...rows.rows].indexOf(cell.parentElement) + step[0]];
      row?.cells[cell.cellIndex + step[1]]?.querySelector("input[type=checkbox]")?.focus();
    });
  });
})();
