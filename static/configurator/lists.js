/* Lists in the System Configurator: keys as rows, sources in order.
   The text field stays what is sent; the rows only write into it. What is said stands in the page. */
(() => {
  "use strict";

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  const filled = (words, facts) =>
    Object.entries(facts).reduce((text, [fact, value]) => text.replaceAll(`{${fact}}`, value), words);

  const iconButton = (icon, label, act) => {
    const picture = make("span", { className: "material-symbols-outlined", textContent: icon, ariaHidden: "true" });
    const button = make("button", { type: "button", className: "row-button", title: label, onclick: act }, picture);
    button.setAttribute("aria-label", label);
    return button;
  };

  const move = (row, down) => {
    const other = down ? row.nextElementSibling : row.previousElementSibling;
    if (!other) return false;
    down ? other.after(row) : other.before(row);
    return true;
  };

  const SEPARATORS = /[,;\t\r\n\u2028\u2029]+/;

  // A field of one line loses the line breaks of what is pasted, and would glue the names of a column into one.
  /** Names in pasted or stored text: JSON array, or separated by commas, semicolons, tabs or lines. */
  const split = (text) => {
    const trimmed = text.trim();
    if (trimmed.startsWith("[")) {
      try {
        const pasted = JSON.parse(trimmed);
        if (Array.isArray(pasted)) return pasted.map((item) => String(item).trim()).filter(Boolean);
      } catch { /* not JSON after all */ }
    }
    return trimmed.split(SEPARATORS).map((item) => item.trim().replace(/^"(.*)"$/, "$1").trim()).filter(Boolean);
  };

  const areSeveral = (text) => SEPARATORS.test(text.trim()) || text.trim().startsWith("[");

  /** Let `take` have the names where several are pasted into the field, or dropped on it. */
  const onSeveral = (input, take) => {
    const taken = (event, text) => {
      if (!text || !areSeveral(text)) return;
      event.preventDefault();
      take(split(text));
    };
    input.addEventListener("paste", (event) => taken(event, event.clipboardData.getData("text")));
    input.addEventListener("drop", (event) => taken(event, event.dataTransfer.getData("text")));
  };

  /** For a field of one name: what is pasted stays apart, so that the check of the name says what is wrong. */
  const keepApart = (input) => onSeveral(input, (names) => {
    input.setRangeText(names.join(", "), input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });

  window.pastedNames = { onSeveral, keepApart };

  /** Plain where that is unmistakable, JSON where a name holds a separator or a quotation mark. */
  const join = (names) =>
    names.some((name) => /[,;\t\r\n"]|^\[/.test(name)) ? JSON.stringify(names) : names.join(", ");

  class KeyList {
    constructor(box) {
      this.box = box;
      this.says = box.dataset;
      this.text = box.querySelector("textarea");
      this.label = document.querySelector(`label[for="${this.text.id}"]`)?.textContent.trim() ?? "";
      this.rows = make("ol", { className: "key-rows" });
      this.suggestions = make("datalist", { id: `${this.text.id}_known` });
      const add = make("button", { type: "button", className: "key-add", textContent: this.says.saysAdd, onclick: () => this.append() });
      const hint = make("span", { className: "key-hint", textContent: this.says.saysHint });
      this.rows.setAttribute("aria-label", this.label);
      box.prepend(this.rows, make("div", { className: "key-tools" }, add, hint), this.suggestions);
      this.text.hidden = true;
      box.querySelector("[data-refused]")?.remove();
      box.dataset.enhanced = "";
      this.label && document.querySelector(`label[for="${this.text.id}"]`).addEventListener("click", () => this.focus());
      const names = split(this.text.value);
      names.forEach((name) => this.rows.append(this.row(name)));
      if (!names.length) this.rows.append(this.row(""));
      this.refresh();
      this.check(true);
    }

    inputs() { return [...this.rows.querySelectorAll("input")]; }
    names() { return this.inputs().map((input) => input.value.trim()).filter(Boolean); }
    focus() { this.inputs().at(-1)?.focus(); }

    row(name) {
      const input = make("input", { type: "text", value: name, autocomplete: "off", spellcheck: false, placeholder: "customerType" });
      input.setAttribute("list", this.suggestions.id);
      const row = make("li", { className: "key-row" });
      const note = make("p", { className: "key-note", id: `${this.text.id}_${Math.random().toString(36).slice(2)}`, hidden: true });
      note.setAttribute("aria-live", "polite");
      input.setAttribute("aria-describedby", note.id);
      input.addEventListener("input", () => this.changed());
      input.addEventListener("keydown", (event) => this.key(event, row, input));
      onSeveral(input, (names) => this.paste(names, row, input));
      input.addEventListener("blur", () => this.spread(row, input));
      row.append(
        make("div", { className: "key-line" },
          make("span", { className: "key-number", ariaHidden: "true" }), input,
          iconButton("arrow_upward", this.says.saysUp, () => this.shift(row, input, false)),
          iconButton("arrow_downward", this.says.saysDown, () => this.shift(row, input, true)),
          iconButton("close", this.says.saysRemove, () => this.remove(row))),
        note);
      return row;
    }

    append(after = this.rows.lastElementChild) {
      const row = this.row("");
      after ? after.after(row) : this.rows.append(row);
      this.changed();
      row.querySelector("input").focus();
    }

    remove(row) {
      const next = row.previousElementSibling ?? row.nextElementSibling;
      row.remove();
      if (!next) return this.append();
      next.querySelector("input").focus();
      this.changed();
    }

    shift(row, input, down) {
      if (move(row, down)) { input.focus(); this.changed(); }
    }

    key(event, row, input) {
      if (event.key === "Enter") {
        event.preventDefault();
        this.spread(row, input);
        if (input.value.trim()) this.append(row);
      } else if (event.key === "Backspace" && !input.value && this.rows.children.length > 1) {
        event.preventDefault();
        this.remove(row);
      } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        event.preventDefault();
        this.shift(row, input, event.key === "ArrowDown");
      }
    }

    /** What was typed before and behind the caret stays with the first and the last of the pasted names. */
    paste(names, row, input) {
      const { value, selectionStart, selectionEnd } = input;
      const [first = "", ...more] = names;
      const all = [value.slice(0, selectionStart) + first, ...more];
      all[all.length - 1] += value.slice(selectionEnd);
      this.fill(all, row, input);
    }

    /** A row that holds several names becomes several rows. */
    spread(row, input) {
      if (areSeveral(input.value)) this.fill(split(input.value), row, input);
    }

    fill(names, row, input) {
      input.value = names.shift() ?? "";
      let last = row;
      for (const name of names) { const next = this.row(name); last.after(next); last = next; }
      if (names.length) last.querySelector("input").focus();
      this.changed();
    }

    changed() {
      this.refresh();
      this.text.dispatchEvent(new Event("change", { bubbles: true }));
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.check(false), 300);
    }

    refresh() {
      const names = this.names();
      this.text.value = join(names);
      this.inputs().forEach((input, index) => {
        input.setAttribute("aria-label", filled(this.says.saysItem, { list: this.label, number: index + 1 }));
        input.closest(".key-row").querySelector(".key-number").textContent = index + 1;
      });
      this.box.querySelector("[data-when-empty]").hidden = names.length > 0;
      this.box.querySelector("[data-when-filled]").hidden = names.length === 0;
    }

    async check(first) {
      const filled = this.inputs().filter((input) => input.value.trim());
      const names = filled.map((input) => input.value.trim());
      const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
      let answer;
      try {
        const response = await fetch(this.box.dataset.check, {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-CSRFToken": token },
          body: JSON.stringify({ names, place: this.box.dataset.place }),
        });
        if (!response.ok) return;
        answer = await response.json();
      } catch { return; /* the check on saving remains */ }
      this.suggestions.replaceChildren(...answer.known.map((value) => make("option", { value })));
      filled.forEach((input, index) => {
        if (input.value.trim() === names[index]) this.note(input, index + 1, answer.items[index], names.indexOf(names[index]) < index);
      });
      this.inputs().filter((input) => !input.value.trim()).forEach((input) => this.note(input, 0, {}, false));
      if (first) this.showFirstProblem();
    }

    note(input, item, { problem, warning }, twice) {
      const note = input.closest(".key-row").querySelector(".key-note");
      input.toggleAttribute("aria-invalid", Boolean(problem));
      if (problem) {
        input.setAttribute("aria-invalid", "true");
        input.dataset.position = problem.position;
        note.replaceChildren(
          make("code", {}, problem.before, make("mark", { textContent: problem.at === " " ? "␣" : problem.at || "·" }), problem.after),
          ` ${filled(this.says.saysProblem, { number: item, problem: problem.reason })}`);
      } else {
        delete input.dataset.position;
        note.textContent = warning || (twice ? this.says.saysTwice : "");
      }
      note.classList.toggle("is-problem", Boolean(problem));
      note.hidden = !note.childNodes.length;
    }

    /** After a refusal the caret stands on the character that is wrong. */
    showFirstProblem() {
      const input = this.rows.querySelector("input[data-position]");
      const elsewhere = document.activeElement !== input && document.activeElement?.dataset.position;
      if (!input || elsewhere) return;
      const at = Number(input.dataset.position) - 1;
      input.focus();
      input.setSelectionRange(at, at + 1);
    }
  }

  class SourceOrder {
    constructor(box) {
      this.says = box.dataset;
      this.text = box.querySelector("input[type=text]");
      this.labels = JSON.parse(box.querySelector("[data-labels]").textContent);
      this.inherited = (box.dataset.inherited ?? "").split(",").filter(Boolean);
      this.rows = make("ol", { className: "key-rows" });
      const given = split(this.text.value);
      const known = given.length && given.every((source) => source in this.labels);
      if (given.length && !known) return; // a refused text is mended as text
      (given.length ? given : this.inherited).forEach((source) => this.rows.append(this.row(source)));
      this.text.hidden = true;
      const template = box.querySelector("template");
      if (template) {
        box.append(template.content.cloneNode(true));
        this.follow = box.querySelector(".source-order-follow input");
        this.follow.checked = !given.length;
        this.follow.addEventListener("change", () => this.changed());
      }
      box.append(this.rows);
      this.rows.hidden = Boolean(this.follow?.checked);
    }

    row(source) {
      const row = make("li", { className: "key-row source-row" });
      row.dataset.source = source;
      const shift = (down) => () => { if (move(row, down)) this.changed(); };
      const up = iconButton("arrow_upward", filled(this.says.saysUp, { source: this.labels[source] }), (event) => { shift(false)(); event.currentTarget.focus(); });
      const down = iconButton("arrow_downward", filled(this.says.saysDown, { source: this.labels[source] }), (event) => { shift(true)(); event.currentTarget.focus(); });
      row.append(make("div", { className: "key-line" }, make("span", { className: "key-number" }), make("span", { className: "source-name", textContent: this.labels[source] }), up, down));
      return row;
    }

    changed() {
      this.rows.hidden = Boolean(this.follow?.checked);
      const order = [...this.rows.children].map((row) => row.dataset.source);
      this.text.value = this.follow?.checked ? "" : order.join(", ");
      this.text.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  /** Another channel is chosen: other lists may say something there, and what counts is another. */
  const followChannel = (boxes, select) => {
    const update = async () => {
      const response = await fetch(`${boxes[0].dataset.whatCounts}?${new URLSearchParams({ channel: select.value })}`);
      if (!response.ok) return; // what is saved says it again
      const { lists } = await response.json();
      boxes.forEach((box) => {
        const says = lists[box.dataset.list];
        box.closest("[class*='field-']").hidden = !says;
        if (!says) return;
        document.querySelector(`label[for="${box.querySelector("textarea").id}"]`).firstChild.textContent = says.label;
        box.querySelector("[data-when-empty] span:last-child").textContent = says.empty;
        box.querySelector("[data-when-filled] span:last-child").textContent = says.filled;
      });
    };
    // The choice is made in a widget of jQuery, whose events only jQuery hears.
    window.django.jQuery(select).on("change", update);
  };

  document.addEventListener("DOMContentLoaded", () => {
    const followers = [...document.querySelectorAll("[data-what-counts]")];
    const channel = document.getElementById("id_channel");
    if (followers.length && channel) followChannel(followers, channel);
    document.querySelectorAll("[data-key-list]").forEach((box) => new KeyList(box));
    document.querySelectorAll("[data-source-order]").forEach((box) => new SourceOrder(box));
    document.querySelectorAll("[data-copy]").forEach((button) => button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
      } catch { // pages without HTTPS have no clipboard
        getSelection().selectAllChildren(source);
        document.execCommand("copy");
      }
      const said = button.querySelector("[data-said]");
      const before = said.textContent;
      said.textContent = button.dataset.saysCopied;
      setTimeout(() => { said.textContent = before; }, 2000);
    }));
  });
})();
