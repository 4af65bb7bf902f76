// What pages do with a script: the menu closes, a number follows its slider, charts are drawn.
// Without it they read and post all the same.
"use strict";

function twin(from, to) {
  from.addEventListener("input", () => {
    if (to.value !== from.value) {
      to.value = from.value;
      to.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
}


// A canvas knows no light-dark(): the colour that it stands for is asked of an element.
function resolved(name) {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.className = "probe-" + name;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function draw(plot) {
  const data = JSON.parse(document.getElementById(plot.dataset.plot).textContent);
  const [ink, line] = [resolved("quiet"), resolved("line")];
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
  const series = data.series.map((one, place) => ({
    label: one.label,
    stroke: resolved("series-" + place),
    width: 1.6,
    points: { show: false },
  }));
  const short = { day: "numeric", month: "short", timeZone: "UTC" };
  const day = (at) => new Date(at * 1000).toLocaleDateString(data.language, short);
  const options = {
    width: plot.clientWidth,
    height: 220,
    series: [{ label: data.day, value: (_, at) => (at ? new Date(at * 1000).toLocaleDateString(data.language, { timeZone: "UTC" }) : "") }, ...series],
    tzDate: (at) => new Date(at * 1000 + new Date(at * 1000).getTimezoneOffset() * 60000),
    axes: [{ ...axis, values: (_, all) => all.map(day) }, { ...axis, size: 64, values: (_, all) => all.map((one) => one.toLocaleString(data.language)) }],
    cursor: { drag: { x: false, y: false } },
  };
  plot.replaceChildren();
  const chart = new uPlot(options, [data.at, ...data.series.map((one) => one.values)], plot);
  addEventListener("resize", () => chart.setSize({ width: plot.clientWidth, height: 220 }));
}

function begin(within) {
  for (const from of within.querySelectorAll("[data-twin]")) {
    const to = document.getElementById(from.dataset.twin);
    twin(from, to);
  }
  for (const plot of within.querySelectorAll("[data-plot]")) {
    if (window.uPlot) draw(plot);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const open of document.querySelectorAll(".me[open], .menu[open]")) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  }
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll(".me[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
begin(document);
