// The search form of the history page, made quicker. Everything works without it, one click later.
(() => {
  const form = document.getElementById("filters");
  if (form) {
    const field = (name) => form.elements.namedItem(name);
    const clear = (...names) => names.forEach((name) => { field(name).value = ""; });

    // Half a condition on kept data is not a question yet; the Add button asks it.
    form.addEventListener("change", (event) => {
      if (event.target.name.startsWith("kept_")) event.stopImmediatePropagation();
      if (event.target.name === "period" && event.target.value) clear("received_after", "received_before");
      if (event.target.name.startsWith("received_") && event.target.value) clear("period");
    }, true);

    // An added condition stands above the results; its fields are free for the next one.
    document.body.addEventListener("htmx:afterSettle", (event) => {
      if (event.target.id === "results" && !event.target.querySelector("[role=alert]")) clear("kept_key", "kept_text");
    });
  }
})();
