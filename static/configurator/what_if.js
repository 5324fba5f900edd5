/* What a list of keys would have kept, told anew while the list is edited.
   Any element with data-what-if (the address), data-scope, and in the same [data-key-list] or named by data-keys a
   field with the names, is filled with the answer. */
(() => {
  "use strict";

  const PAUSE = 300;

  class WhatIf {
    constructor(place) {
      this.place = place;
      this.field = place.dataset.keys
        ? document.getElementById(place.dataset.keys)
        : place.closest("[data-key-list]").querySelector("textarea");
      this.field.addEventListener("change", () => this.soon());
      this.field.addEventListener("input", () => this.soon());
      this.ask();
    }

    soon() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), PAUSE);
    }

    async ask() {
      this.asking?.abort();
      const asking = (this.asking = new AbortController());
      const keys = this.field.value;
      if (keys === this.asked) return;
      const body = new URLSearchParams({ scope: this.place.dataset.scope, keys });
      const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
      this.place.setAttribute("aria-busy", "true");
      try {
        const response = await fetch(this.place.dataset.whatIf, {
          method: "POST", body, signal: asking.signal, headers: { "X-CSRFToken": token },
        });
        if (!response.ok || response.redirected) throw new Error(String(response.status));
        this.place.innerHTML = await response.text();
        this.asked = keys;
      } catch (error) {
        if (error.name === "AbortError") return;
        this.place.replaceChildren(); // the list can be saved without the answer
      }
      this.place.removeAttribute("aria-busy");
    }
  }

  /** For parts of a page that come later. */
  const fill = (root) => root.querySelectorAll("[data-what-if]").forEach((place) => (place.whatIf ??= new WhatIf(place)));
  document.addEventListener("DOMContentLoaded", () => fill(document));
  document.addEventListener("htmx:load", (event) => fill(event.target));
})();
