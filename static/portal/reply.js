// Writing to the customer: keys, the draft, a file with its picture, templates; and nothing typed is lost when sending fails.
(() => {
const start = () => {
  const form = document.getElementById("reply");
  if (!form) return;
  const text = document.getElementById("reply_text");
  const file = document.getElementById("reply_file");
  const preview = document.getElementById("reply_preview");
  const slot = document.getElementById("reply_template");
  const said = document.getElementById("reply_said");

  // Enter sends where there are keys; a text that is still being composed is let alone.
  const hasKeys = matchMedia("(pointer: fine)");
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (!hasKeys.matches && !event.ctrlKey) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // The draft is saved with a pause, and at once when the page is left.
  const PAUSE = 800;
  let timer = 0;
  const save = (keepalive) => {
    clearTimeout(timer);
    timer = 0;
    const csrfmiddlewaretoken = form.elements.csrfmiddlewaretoken.value;
    const body = new URLSearchParams({ csrfmiddlewaretoken, text: text.value });
    fetch(form.dataset.draft, { method: "POST", body, keepalive }).catch(() => {});
  };
  text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, PAUSE); grow(); });
  window.addEventListener("pagehide", () => { if (timer) save(true); });

  const grow = () => { text.style.height = "auto"; text.style.height = `${Math.min(text.scrollHeight + 2, 320)}px`; };

  // A file: chosen, dropped or pasted.
  const show = () => {
    const chosen = file?.files[0];
    preview.hidden = !chosen;
    preview.replaceChildren();
    if (!chosen) return;
    if (chosen.type.startsWith("image/")) {
      const picture = Object.assign(document.createElement("img"), { alt: "" });
      const reader = new FileReader();
      reader.onload = () => { picture.src = reader.result; };
      reader.readAsDataURL(chosen);
      preview.append(picture);
    }
    const name = Object.assign(document.createElement("span"), { textContent: chosen.name });
    const drop = Object.assign(document.createElement("button"), { type: "button", className: "button button--quiet button--small", textContent: "×" });
    drop.setAttribute("aria-label", form.dataset.saysRemove);
    drop.addEventListener("click", () => { file.value = ""; show(); text.focus(); });
    preview.append(name, drop);
  };
  const take = (files, event) => {
    if (!file || !files?.length) return;
    event.preventDefault();
    const one = new DataTransfer();
    one.items.add(files[0]);
    file.files = one.files;
    show();
  };
  file?.addEventListener("change", show);
  text.addEventListener("paste", (event) => take(event.clipboardData?.files, event));
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => take(event.dataTransfer?.files, event));

  // A template takes the place of the text.
  const palette = document.getElementById("templates");
  const useTemplate = (fields) => {
    slot.replaceChildren(...(fields ? [fields.content.cloneNode(true)] : []));
    slot.hidden = !fields;
    form.classList.toggle("reply--template", Boolean(fields));
    (slot.querySelector("input:not([type=hidden])") ?? (fields ? document.getElementById("action_send") : text)).focus();
    form.scrollIntoView({ block: "nearest" });
  };
  palette?.addEventListener("click", (event) => {
    const one = event.target.closest(".templates__one");
    if (!one) return;
    palette.hidePopover();
    useTemplate(one.parentElement.querySelector("template"));
  });
  slot.addEventListener("click", (event) => { if (event.target.matches("[data-drop]")) useTemplate(null); });
  document.getElementById("find_template")?.addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase();
    for (const row of palette.querySelectorAll("li")) row.hidden = !row.textContent.toLowerCase().includes(words);
    for (const part of palette.querySelectorAll("section")) part.hidden = !part.querySelector("li:not([hidden])");
  });

  // On its way the field is free for the next message; what was refused or did not arrive comes back into it.
  let sent = "";
  let isBusy = false;
  let again = false;
  form.addEventListener("submit", () => { again = isBusy; });
  form.addEventListener("htmx:beforeSend", (event) => {
    if (event.target !== form) return;
    isBusy = true;
    again = false;
    sent = text.value;
    if (!slot.firstChild) {
      text.value = "";
      clearTimeout(timer);  // an empty draft that is saved late would take the place of what is taken back
      timer = 0;
    }
    said.replaceChildren();
    grow();
  });
  form.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.xhr.status === 422) event.detail.shouldSwap = true; });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== form) return;
    isBusy = false;
    if (event.detail.successful) {
      if (file) file.value = "";
      show();
      if (slot.firstChild) useTemplate(null);
      if (text.value) timer = setTimeout(save, PAUSE);
      if (again) form.requestSubmit();
    } else {
      if (!slot.firstChild) text.value = [sent, text.value].filter(Boolean).join("\n");
      if (event.detail.xhr.status !== 422) said.textContent = form.dataset.saysFailed;
      save();
    }
    grow();
  });

  grow();
  if (location.hash === "#answer") {
    text.focus({ preventScroll: true });
    form.scrollIntoView({ block: "nearest" });
  }
};

start();
document.body.addEventListener("htmx:oobAfterSwap", (event) => { if (event.target.id === "conversation_reply") start(); });
})();
