// The launchpad: one button for every way to reach the centre, built on the chat widget.
//
//   <keepsake-launchpad label="Contact us">
//     <a href="/contact" data-queue="sales@shop.example">Chat with sales</a>
//     <a href="tel:+358401234567">Call us</a>
//   </keepsake-launchpad>
//
// A link with data-queue opens a chat there; without scripts, or where chat fails to load, it leads where it leads.
(() => {
  "use strict";
  const GRID = "M5 12h14M12 5v14";

  class KeepsakeLaunchpad extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [window.cvcLook];
      const label = this.getAttribute("label") || "Contact us";
      this.button = document.createElement("button");
      Object.assign(this.button, { className: "launcher", type: "button" });
      this.button.setAttribute("aria-expanded", "false");
      this.button.setAttribute("aria-controls", "ways");
      const space = "http://www.w3.org/2000/svg";
      const svg = document.createElementNS(space, "svg");
      svg.setAttribute("viewBox", "0 0 24 24");
      svg.setAttribute("aria-hidden", "true");
      const path = document.createElementNS(space, "path");
      path.setAttribute("d", GRID);
      svg.append(path);
      const words = document.createElement("span");
      words.textContent = label;
      this.badge = document.createElement("span");
      Object.assign(this.badge, { className: "badge", hidden: true });
      this.button.append(svg, words, this.badge);
      this.ways = document.createElement("nav");
      Object.assign(this.ways, { className: "ways", id: "ways", hidden: true });
      this.ways.setAttribute("aria-label", label);
      this.ways.append(document.createElement("slot"));
      this.shadowRoot.append(this.ways, this.button);
      this.button.addEventListener("click", () => {
        if (this.opened && cvc.state && cvc.state !== "completed") this.opened.open();
        else this.toggle(this.ways.hidden);
      });
      this.addEventListener("keydown", (event) => { if (event.key === "Escape") this.toggle(false, true); });
      this.addEventListener("click", (event) => this.choose(event));
      this.onOutside = (event) => { if (!this.contains(event.target)) this.toggle(false); };
      document.addEventListener("click", this.onOutside);
      this.onDestroy = () => this.remove();
      cvc.attachEvent("destroy", this.onDestroy);
      if (cvc.hasOpenChat) this.goOn();
    }

    disconnectedCallback() { document.removeEventListener("click", this.onOutside); }

    toggle(isOpen, back = false) {
      this.ways.hidden = !isOpen;
      this.button.setAttribute("aria-expanded", String(isOpen));
      if (isOpen) this.querySelector("a, button")?.focus();
      else if (back) this.button.focus();
    }

    /** The chat's own window; it has no button beside this one. */
    chat(queue) {
      let chat = document.querySelector("keepsake-chat");
      if (!chat) {
        chat = document.createElement("keepsake-chat");
        for (const name of ["position", "theme"]) if (this.hasAttribute(name)) chat.setAttribute(name, this.getAttribute(name));
        chat.setAttribute("launcher", "off");
        chat.setAttribute("queue", queue);
        document.body.append(chat);
      }
      if (this.opened !== chat) {
        chat.addEventListener("unread", (event) => { this.badge.hidden = !event.detail; this.badge.textContent = event.detail || ""; });
      }
      this.opened = chat;
      chat.opener = this.button;
      return chat;
    }

    goOn() {
      const first = this.querySelector("[data-queue]");
      if (first) this.chat(first.dataset.queue);
    }

    choose(event) {
      const way = event.target.closest?.("[data-queue]");
      if (!way || !this.contains(way)) return;
      event.preventDefault();
      this.toggle(false);
      const chat = this.chat(way.dataset.queue);
      chat.ask(way.dataset.queue, way.textContent.trim());
      chat.open();
    }
  }
  if (!customElements.get("keepsake-launchpad")) customElements.define("keepsake-launchpad", KeepsakeLaunchpad);
})();
