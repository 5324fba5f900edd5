/* JSON with placeholders: names are offered while they are typed, after a brace or as the name of an action. */
(() => {
  "use strict";

  const MOST = 8;

  /* What is typed before the caret that can be completed: a placeholder, or the name of a data action. */
  const begun = (text, at) => {
    const line = text.slice(Math.max(0, at - 300), at);
    const placeholder = /(?<!\{)\{([^{}\s"]*)$/.exec(line);
    if (placeholder) return { typed: placeholder[1], of: "placeholders", end: "}" };
    const action = /"action"\s*:\s*"([^"\\]*)$/.exec(line);
    return action && { typed: action[1], of: "actions", end: '"' };
  };

  /* What earlier calls bring, by the names that the text gives them. */
  const brought = (text) => [...text.matchAll(/"name"\s*:\s*"([A-Za-z]\w*)"/g)].map((found) => `response.body.${found[1]}`);

  const offered = (area, start) => {
    const known = start.of === "actions" ? JSON.parse(area.dataset.actions) : [...brought(area.value), ...area.dataset.placeholders.split(" ")];
    const typed = start.typed.toLowerCase();
    const fits = (name) => name !== start.typed && name.toLowerCase().includes(typed);
    const first = (name) => !name.toLowerCase().startsWith(typed);
    return [...new Set(known)].filter(fits).sort((one, other) => first(one) - first(other)).slice(0, MOST);
  };

  const complete = (area) => {
    const list = Object.assign(document.createElement("ul"), { id: `${area.id}-offered`, className: "json-offered", hidden: true });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", area.dataset.offered);
    area.after(list);
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-controls", list.id);
    let start = null;
    let chosen = 0;

    const close = () => {
      list.hidden = true;
      area.removeAttribute("aria-activedescendant");
    };
    const choose = (index) => {
      chosen = (index + list.children.length) % list.children.length;
      [...list.children].forEach((item, number) => item.setAttribute("aria-selected", number === chosen));
      area.setAttribute("aria-activedescendant", list.children[chosen].id);
    };
    const take = (name) => {
      const at = area.selectionStart;
      const end = area.value[at] === start.end ? at + 1 : at;
      area.setSelectionRange(at - start.typed.length, end);
      /* The browser's own undo goes on working. */
      if (!document.execCommand("insertText", false, name + start.end)) area.setRangeText(name + start.end, at - start.typed.length, end, "end");
      close();
      area.focus();
    };
    const offer = () => {
      start = area.selectionStart === area.selectionEnd && begun(area.value, area.selectionStart);
      const names = start ? offered(area, start) : [];
      list.replaceChildren(
        ...names.map((name, number) => {
          const item = Object.assign(document.createElement("li"), { id: `${list.id}-${number}`, textContent: name });
          item.setAttribute("role", "option");
          item.addEventListener("mousedown", (event) => {
            event.preventDefault();
            take(name);
          });
          return item;
        }),
      );
      list.hidden = !names.length;
      if (names.length) choose(0);
      else close();
    };

    area.addEventListener("input", offer);
    area.addEventListener("blur", close);
    area.addEventListener("keydown", (event) => {
      if (list.hidden || event.isComposing) return;
      const keys = {
        ArrowDown: () => choose(chosen + 1),
        ArrowUp: () => choose(chosen - 1),
        Enter: () => take(list.children[chosen].textContent),
        Tab: () => take(list.children[chosen].textContent),
        Escape: close,
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    });
  };

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("textarea[data-json-editor]").forEach(complete));
})();
