/* The extra-data matrix: arrow keys, "/" to find a key, Enter adds it, and what saving would do.
   The boxes are ordinary ones; without this file all but the shortcuts works. What it says stands in the page. */
(() => {
  "use strict";

  const PAUSE = 200;
  const SLOW = 1500;

  /** Suggests what the server finds for the text as one types; `failed` hears when it finds nothing out. */
  const suggest = (input, list, address, entries, failed = () => {}) => {
    let timer;
    let asked = 0;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const number = (asked += 1);
        try {
          const response = await fetch(`${address}?q=${encodeURIComponent(input.value.trim())}`);
          if (!response.ok || response.redirected) throw new Error(response.statusText);
          const found = entries(await response.json());
          if (number !== asked) return;
          list.replaceChildren(...found.map(([value, label]) => new Option(label, value)));
          failed(false);
        } catch {
          failed(true);
        }
      }, PAUSE);
    });
  };

  /** Leads to the place that is chosen among the suggestions; any other text is searched for, as without scripts. */
  const startJump = (jump) => {
    const addresses = new Map();
    suggest(jump, document.getElementById("jump-places"), jump.dataset.jump, (answer) => answer.places.map((place) => {
      addresses.set(place.name, place.address);
      return [place.name, `${place.name} (${place.kind})`];
    }));
    const go = (event) => {
      if (!addresses.has(jump.value)) return;
      event.preventDefault();
      location.assign(addresses.get(jump.value));
    };
    jump.addEventListener("change", go);
    jump.form.addEventListener("submit", go);
  };

  const startMatrix = (form, find) => {
    const says = (name, facts = {}) =>
      Object.entries(facts).reduce((text, [fact, value]) => text.replaceAll(`{${fact}}`, value), form.dataset[`says${name}`]);
    const rows = form.querySelector("[data-rows]");
    const said = form.querySelector("[data-said]");
    const boxes = () => [...rows.querySelectorAll("input[type=checkbox]")];
    const isChanged = (box) => (box.checked !== box.defaultChecked) !== ("differs" in box.dataset);

    const mark = (box) => box.closest("td").classList.toggle("is-changed", isChanged(box));

    const tell = startImpact(form, says);

    const show = (text) => {
      const words = text.trim().toLowerCase();
      const all = [...rows.rows];
      const found = all.filter((row) => row.cells[0].textContent.toLowerCase().includes(words));
      all.forEach((row) => { row.hidden = found.length > 0 && !found.includes(row); });
    };

    const known = new Map();
    suggest(find, document.getElementById("found-keys"), find.dataset.find, (answer) => answer.keys.map((key) => {
      known.set(key.name, { key: key.name, note: key.note });
      if (key.also) known.set(key.also, { key: key.name, note: "", also: key.also });
      return [key.name, key.note ? `${key.name} – ${key.note}` : key.name];
    }), (failed) => { if (failed) said.textContent = says("NoSearch"); });

    const addRow = (key, note) => {
      const row = form.querySelector("template[data-row]").content.cloneNode(true);
      row.querySelector("code").textContent = key;
      row.querySelector("small").textContent = note;
      row.querySelector("[name=row]").value = key;
      row.querySelectorAll("input[type=checkbox]").forEach((box) => {
        box.value = key;
        box.setAttribute("aria-label", `${key}, ${box.dataset.label}`);
      });
      rows.append(row);
      rows.closest(".matrix-wrap").hidden = false;
      form.querySelector(".extra-empty")?.remove();
      return rows.lastElementChild;
    };

    const add = () => {
      const typed = find.value.trim();
      if (!typed) { find.focus(); return; }
      const { key, note, also } = known.get(typed) ?? { key: typed, note: "" };
      const there = boxes().find((box) => box.value === key);
      const row = there?.closest("tr") ?? addRow(key, note);
      const sentence = says(there ? "There" : "Added", { key });
      said.textContent = also ? `${says("Also", { other: also, key })} ${sentence}` : sentence;
      find.value = "";
      show("");
      row.scrollIntoView({ block: "nearest" });
      row.querySelector("input[type=checkbox]").focus();
      if (!there) tell();
    };

    form.querySelector("[data-add]").addEventListener("click", (event) => { event.preventDefault(); add(); });
    find.addEventListener("input", () => show(find.value));
    find.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); add(); }
    });
    rows.addEventListener("keydown", (event) => {
      const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      const cell = event.target.closest("td");
      if (!step || !cell) return;
      event.preventDefault();
      const shown = [...rows.rows].filter((row) => !row.hidden);
      const row = shown[shown.indexOf(cell.parentElement) + step[0]];
      row?.cells[cell.cellIndex + step[1]]?.querySelector("input")?.focus();
    });
    rows.addEventListener("change", (event) => { mark(event.target); tell(); });

    boxes().forEach(mark);
    form.querySelector("[data-keys]").hidden = false;
    if ("pending" in form.dataset) tell();

    let leaving = false;
    form.addEventListener("submit", () => { leaving = true; });
    addEventListener("pageshow", () => { leaving = false; });
    addEventListener("beforeunload", (event) => { if (!leaving && boxes().some(isChanged)) event.preventDefault(); });
  };

  /** Answers what tells, a moment after the last change, what saving would do; in words also where that is not known. */
  const startImpact = (form, says) => {
    const panel = form.querySelector("[data-panel]");
    const summary = form.querySelector("[data-summary]");
    const paragraph = (text) => Object.assign(document.createElement("p"), { textContent: text });
    let asked = 0;
    let timer;

    const sumUp = () => { summary.textContent = panel.querySelector("[data-sum]")?.textContent.trim() ?? panel.textContent.trim(); };

    const fail = (text) => {
      const again = Object.assign(document.createElement("button"), { type: "button", textContent: says("Again") });
      again.addEventListener("click", () => { tell(); });
      panel.replaceChildren(paragraph(text), again);
      summary.textContent = text;
    };

    const ask = async () => {
      const number = (asked += 1);
      const isLast = () => number === asked;
      panel.setAttribute("aria-busy", "true");
      panel.querySelector("[data-nothing]")?.replaceWith(paragraph(says("Working")));
      const slow = setTimeout(() => {
        if (isLast()) panel.replaceChildren(paragraph(says("Working")), paragraph(says("Slow")));
        if (isLast()) summary.textContent = says("Working");
      }, SLOW);
      try {
        const response = await fetch(form.dataset.impact, { method: "POST", body: new URLSearchParams(new FormData(form)) });
        if (!isLast()) return;
        if (response.redirected || response.status === 403) fail(says("SignedOut"));
        else if (!response.ok) fail(says("Failed"));
        else {
          panel.innerHTML = await response.text();
          sumUp();
        }
      } catch {
        if (isLast()) fail(says("Failed"));
      } finally {
        clearTimeout(slow);
        if (isLast()) panel.removeAttribute("aria-busy");
      }
    };

    const tell = () => {
      clearTimeout(timer);
      timer = setTimeout(ask, PAUSE);
    };

    panel.querySelector("[data-nothing]").hidden = false;
    return tell;
  };

  document.addEventListener("DOMContentLoaded", () => {
    const jump = document.querySelector("[data-jump]");
    const form = document.getElementById("extra-data");
    const find = document.getElementById("find-key");
    if (jump) startJump(jump);
    if (form && find) startMatrix(form, find);
  });
})();
