/* Draws the chart of a report from the numbers in the page, in the page's colours. The table says the same. */
(() => {
  let chart = null;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const seriesColour = (place) => (place < 6 ? `--series-${place + 1}` : "--line-strong");

  function draw() {
    const canvas = document.getElementById("chart");
    const data = document.getElementById("chart-data");
    if (chart) {
      chart.destroy();
      chart = null;
    }
    if (!canvas || !data || !window.Chart) return;
    const asked = JSON.parse(data.textContent);
    const overTime = asked.kind === "time";
    const asLine = overTime && !asked.stacked;
    const axis = { ticks: { color: colour("--text-muted") }, grid: { color: colour("--grid") } };
    const counted = { ...axis, beginAtZero: true, stacked: asked.stacked, ticks: { ...axis.ticks, precision: 0 } };
    if (asked.unit) counted.title = { display: true, text: asked.unit, color: colour("--text-muted") };
    const named = { ...axis, stacked: asked.stacked, grid: { display: false } };
    chart = new window.Chart(canvas, {
      type: asLine ? "line" : "bar",
      data: {
        labels: asked.labels,
        datasets: asked.series.map((series, place) => ({
          label: series.label,
          data: series.data,
          backgroundColor: colour(seriesColour(place)),
          borderColor: colour(asLine ? seriesColour(place) : "--surface"),
          borderWidth: asLine ? 2 : asked.series.length > 1 ? 1 : 0,
          maxBarThickness: 64,
          pointRadius: asked.labels.length > 60 ? 0 : 3,
        })),
      },
      options: {
        indexAxis: overTime ? "x" : "y",
        animation: false,
        maintainAspectRatio: false,
        plugins: {
          legend: { display: asked.series.length > 1, position: "bottom", labels: { color: colour("--text") } },
        },
        scales: overTime ? { x: named, y: counted } : { x: counted, y: named },
      },
    });
  }

  function showPeriodFields() {
    const chosen = document.querySelector("[data-period]");
    for (const field of document.querySelectorAll("[data-custom-period]")) {
      field.hidden = Boolean(chosen) && chosen.value !== "custom";
    }
  }

  showPeriodFields();
  draw();
  document.addEventListener("change", showPeriodFields);
  document.addEventListener("htmx:afterSettle", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
