"use strict";
// Shows what lies under the pointer. Everything is set as text, never as markup: quotes are strangers' words.
const data = JSON.parse(document.getElementById("data").textContent);
const tip = document.getElementById("tip");
const moment = (ms) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");

function show(x, y, title, lines, quotes) {
  const parts = [["b", title], ...lines.map((line) => ["p", line]), ...quotes.map((quote) => ["blockquote", quote])];
  tip.replaceChildren(
    ...parts.map(([name, text]) => Object.assign(document.createElement(name), { textContent: text })),
  );
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 4))}px`;
  tip.style.top = `${Math.max(4, y + 14 + box.height > innerHeight ? y - 14 - box.height : y + 14)}px`;
}

function showThing(element, x, y) {
  if (element.dataset.alert === undefined) {
    show(x, y, element.dataset.name, [element.dataset.said], []);
  } else {
    const alert = data.alerts[Number(element.dataset.alert)];
    show(x, y, alert.title, alert.facts, alert.quotes);
  }
}

function showPoint(svg, x, y) {
  const box = svg.getBoundingClientRect();
  const inside = ((x - box.left) / box.width) * data.width - data.left;
  const points = data.charts[Number(svg.dataset.chart)];
  const width = data.width - data.left - data.right;
  const step = Math.min(points.length - 1, Math.max(0, Math.floor((inside / width) * points.length)));
  const at = data.left + ((step + 0.5) / points.length) * width;
  const here = svg.querySelector(".here");
  here.setAttribute("x1", at);
  here.setAttribute("x2", at);
  here.setAttribute("visibility", "visible");
  const begin = data.begin + step * data.step;
  const title = `${moment(begin)} to ${moment(begin + data.step).slice(11)} UTC`;
  const point = points[step];
  if (point === null) return show(x, y, title, ["nobody was heard"], []);
  const [observed, expected, reasons] = point;
  const lines = [`${observed} voices in an hour`, expected === null ? "no baseline yet" : `${expected.toFixed(1)} expected`];
  const said = Object.entries(reasons).map(([reason, times]) => `${reason} ${times}×`);
  return show(x, y, title, [...lines, said.join(", ")], []);
}

document.addEventListener("pointermove", (event) => {
  for (const here of document.querySelectorAll(".here")) here.setAttribute("visibility", "hidden");
  const thing = event.target.closest("[data-alert], [data-said]");
  const svg = event.target.closest("[data-chart]");
  if (thing) showThing(thing, event.clientX, event.clientY);
  else if (svg) showPoint(svg, event.clientX, event.clientY);
  else tip.hidden = true;
});
document.addEventListener("focusin", (event) => {
  const box = event.target.getBoundingClientRect();
  if (event.target.matches("[data-alert], [data-said]")) showThing(event.target, box.left, box.bottom);
});
document.addEventListener("focusout", () => {
  tip.hidden = true;
});
