// What a chart says at one moment: the figures of its table, beside the names of its lines, under the pointer or by arrows.

import { draw } from "./dom.js";
import { _ } from "./gettext.js";

const WIDTH = 340; // of the drawing, as its view box has it
const FAR = 12; // figures that Page Up and Page Down pass over
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -FAR, PageUp: FAR, Home: -Infinity, End: Infinity };

// Of each plot, by its place, the moment near which it goes on telling; the others rest.
export function waken(within, told = []) {
  for (const [place, plot] of within.querySelectorAll(".plot").entries()) wakenOne(plot, plot.closest(".chart"), told[place]);
}

const momentOf = (row) => row.querySelector("th").dataset.moment;

function wakenOne(plot, chart, told) {
  const moments = [...chart.querySelectorAll("tbody tr")].reverse(); // the table tells the latest first
  if (!moments.length) return;
  const [figures, when] = [[...chart.querySelectorAll(".chart-legend b")], chart.querySelector(".chart-when")];
  const now = { when: when.textContent, figures: figures.map((figure) => figure.textContent) };
  const names = [...chart.querySelectorAll("thead th")].slice(1).map((name) => name.textContent);
  const mark = draw("path", { class: "chart-mark" });
  plot.append(mark);
  let place = moments.length - 1;

  const nearest = (apart) => moments.reduce((best, row, one) => (Math.abs(apart(row)) < Math.abs(apart(moments[best])) ? one : best), 0);

  function tell(one) {
    when.textContent = one.when;
    figures.forEach((figure, line) => (figure.textContent = one.figures[line]));
  }

  function show(next) {
    place = Math.max(0, Math.min(moments.length - 1, next));
    const row = moments[place];
    const said = { when: row.querySelector("th").textContent, figures: [...row.querySelectorAll("td")].map((cell) => cell.textContent) };
    tell(said);
    mark.setAttribute("d", `M${row.dataset.x} 8V128`);
    plot.dataset.tells = momentOf(row);
    plot.setAttribute("aria-valuenow", place);
    plot.setAttribute("aria-valuetext", [said.when, ...names.map((name, line) => _("%(name)s %(figure)s", { name, figure: said.figures[line] }))].join(", "));
  }

  function rest() {
    if (document.activeElement === plot) return;
    mark.removeAttribute("d");
    delete plot.dataset.tells;
    tell(now);
  }

  for (const [name, value] of Object.entries({ role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": place })) plot.setAttribute(name, value);
  show(told ? nearest((row) => Date.parse(momentOf(row)) - Date.parse(told)) : place);
  if (!told) rest();
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    const x = ((event.clientX - box.left) * WIDTH) / box.width;
    show(nearest((row) => Number(row.dataset.x) - x));
  });
  plot.addEventListener("pointerleave", rest);
  // A pointer that rests does not enter what is new under it, and so does not leave it.
  if (told) document.addEventListener("pointermove", (event) => plot.contains(event.target) || rest(), { once: true });
  plot.addEventListener("focus", () => show(place));
  plot.addEventListener("blur", rest);
  plot.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    show(place + step);
  });
}
