/* Columns of the Contact Log are put in order by buttons or by dragging. Their order in the page is what is sent;
   without scripts, each press of a button is sent by itself. */
(() => {
  const form = document.querySelector("[data-columns]");
  if (!form) return;
  const rows = form.querySelector("ol");
  const said = form.querySelector("[data-said]");

  const isTicked = (row) => row.querySelector("[type=checkbox]").checked;

  function tell(row) {
    const number = [...rows.children].filter(isTicked).indexOf(row) + 1;
    if (!number) return;
    said.textContent = form.dataset.saysMoved.replace("{column}", row.dataset.column).replace("{number}", number);
  }

  /** The next row that way; of a ticked one the next that is ticked, since others have no place in the report. */
  function neighbour(row, way) {
    let other = row[way];
    while (other && isTicked(row) && !isTicked(other)) other = other[way];
    return other;
  }

  function move(button) {
    const row = button.closest("li");
    const goesUp = button.dataset.move === "up";
    const other = neighbour(row, goesUp ? "previousElementSibling" : "nextElementSibling");
    if (!other) return;
    if (goesUp) other.before(row);
    else other.after(row);
    button.focus();
    row.scrollIntoView({ block: "nearest" });
    tell(row);
  }

  // The list has the pointer, since a row that is moved would lose it.
  function drag(row, pressed) {
    pressed.preventDefault();
    rows.setPointerCapture(pressed.pointerId);
    row.classList.add("is-dragged");
    rows.onpointermove = (moved) => {
      const over = [...rows.children].find((other) => moved.clientY < other.getBoundingClientRect().bottom);
      if (!over || over === row) return;
      const isAbove = over.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (isAbove) over.before(row);
      else over.after(row);
      row.scrollIntoView({ block: "nearest" });
    };
    rows.onlostpointercapture = () => {
      rows.onpointermove = null;
      row.classList.remove("is-dragged");
      tell(row);
    };
  }

  for (const button of form.querySelectorAll("[data-move]")) {
    button.type = "button";
    button.addEventListener("click", () => move(button));
  }
  for (const grip of form.querySelectorAll("[data-grip]")) {
    grip.hidden = false;
    grip.addEventListener("pointerdown", (pressed) => drag(grip.closest("li"), pressed));
  }
})();
