// The link at the top of a page leads back to where one came from: to the list as it was searched, the counts as they were
// asked, or the rows of a report. Without scripts it leads to the list.
(() => {
  const back = document.getElementById("way_back");
  if (!document.referrer) return;
  const before = new URL(document.referrer);
  const { rows, rowsWords } = back.dataset;
  const words = { [new URL(back.href).pathname]: back.textContent, [rows]: rowsWords }[before.pathname];
  if (before.origin === location.origin && words) {
    back.href = before.href;
    back.textContent = words;
  }
})();
