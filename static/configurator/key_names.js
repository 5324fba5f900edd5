/* A key's name, and its other names, are checked while they are typed: the grammar, and names that are near. */
(() => {
  "use strict";

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  const OTHER_NAMES = "input[name^='aliases-'][name$='-name']:not([name*='__prefix__'])";

  class CheckedName {
    constructor(input, facts) {
      this.input = input;
      this.facts = facts;
      this.note = make("div", { className: "near-names", id: `${input.id}_near` });
      this.note.setAttribute("aria-live", "polite");
      input.after(this.note);
      input.autocomplete = "off";
      input.spellcheck = false;
      input.setAttribute("aria-describedby", [input.getAttribute("aria-describedby"), this.note.id].filter(Boolean).join(" "));
      input.addEventListener("input", () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.check(), 200);
      });
      if (input.name === "name") window.pastedNames.keepApart(input);
      else window.pastedNames.onSeveral(input, (names) => this.spread(names));
      if (input.value && !facts.known.split(" ").includes(input.value)) this.check();
    }

    /** Several other names that are pasted get a row each. */
    spread([first, ...more]) {
      const rows = () => [...document.querySelectorAll(OTHER_NAMES)];
      const fill = (input, name) => { input.value = name; input.dispatchEvent(new Event("input", { bubbles: true })); };
      fill(this.input, first);
      for (const name of more) {
        document.querySelector("#aliases-group a.add-row")?.click();
        const free = rows().find((input) => !input.value);
        if (free) fill(free, name);
      }
    }

    async check() {
      const name = this.input.value;
      if (!name) return this.show(name, { problem: null, near: [] });
      const query = new URLSearchParams({ name, key: this.facts.key });
      try {
        const response = await fetch(`${this.facts.nearNames}?${query}`);
        if (!response.ok) return;
        const answer = await response.json();
        if (this.input.value === name) this.show(name, answer);
      } catch { /* the check on saving remains */ }
    }

    show(name, { problem, near }) {
      const taken = near.find((one) => one.is_taken);
      this.input.toggleAttribute("aria-invalid", false);
      if (problem || taken) this.input.setAttribute("aria-invalid", "true");
      if (problem) {
        const at = problem.at === " " ? "␣" : problem.at || "·";
        this.note.replaceChildren(make("p", { className: "is-problem" },
          make("code", {}, problem.before, make("mark", { textContent: at }), problem.after), ` ${problem.reason}`));
      } else {
        this.note.replaceChildren(...(taken ? [taken] : near).map((one) => this.sentence(name, one)));
      }
    }

    sentence(name, one) {
      const line = make("p", { className: one.is_taken ? "is-problem" : "" }, one.said, " ");
      if (one.is_taken) {
        if (one.owner_page) line.append(make("a", { href: one.owner_page, textContent: this.facts.open }));
      } else if (one.owner_page) {
        const query = new URLSearchParams({ alias: name });
        const text = this.facts.alias.replace("%(key)s", one.owner);
        line.append(make("a", { href: `${one.owner_page}?${query}`, textContent: text }));
      } else {
        line.append(make("button", {
          type: "button",
          textContent: this.facts.use,
          onclick: () => { this.input.value = one.name; this.input.focus(); this.check(); },
        }));
      }
      return line;
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const facts = document.querySelector("[data-near-names]")?.dataset;
    if (!facts) return;
    const begin = (within) => within
      .querySelectorAll(`input[name='name'], ${OTHER_NAMES}`)
      .forEach((input) => { if (!document.getElementById(`${input.id}_near`)) new CheckedName(input, facts); });
    begin(document);
    document.addEventListener("formset:added", (event) => begin(event.target));
  });
})();
