// Which rows of the list are in the page: those near what is seen, and the one that Tab leads to. The others wait
// in memory or have not come yet, and empty boxes take their room. Heights are those of the style sheet's rows and
// cards, measured.

import { make } from "./dom.js";

const AHEAD_PX = 1400; // above and below what is seen
const ASK_AHEAD_PX = 8000; // a page of rows: who pulls fast meets no end that is none
const HEAD_PX = 190; // the heads that stand still above the list
const FOOT_PX = 60;
const HEADING_PX = 28; // "Folders", "Files" above the cards

let list = null;
let held = null; // what has come of it
let want = () => {}; // asks for what has not
let kept = null;
let above = null;
let below = null;
let form = null; // the measured form, until something changes it
const seenHeights = new Map(); // by form: of kinds of which no row is in the page just now
let drawn = [0, 0];

export function start() {
  window.addEventListener("scroll", draw, { passive: true });
  window.addEventListener("resize", changed);
}

// Takes over a list and what has come of it; the rows already in the page are among that.
export function take(element, all, ask) {
  list = element;
  held = all;
  want = ask;
  kept = null;
  if (!list) return;
  above = list.querySelector(".spacer-above") ?? list.insertAdjacentElement("afterbegin", make("div", { class: "spacer-above", hidden: true, "aria-hidden": "true" }));
  below = list.querySelector(".spacer-below") ?? make("div", { class: "spacer-below", hidden: true, "aria-hidden": "true" });
  if (!below.parentElement) list.append(below);
}

// To be called after any change of the rows.
export function changed() {
  form = null;
  draw();
}

// Keeps a row in the page wherever it is scrolled to: it has the focus, or Tab leads to it.
export function keep(row) {
  kept = row;
}

export const columns = () => (list ? measure().columns : 1);

// Scrolls as little as is needed to see a row whole, and has it in the page.
export function reveal(row) {
  const at = held.indexOf(row);
  if (at < 0) return;
  const [top, height] = [listTop() + topOf(lineOf(at)), measure().heights[row.dataset.kind]];
  if (top < HEAD_PX) window.scrollBy(0, top - HEAD_PX);
  else if (top + height > window.innerHeight - FOOT_PX) window.scrollBy(0, top + height - window.innerHeight + FOOT_PX);
  draw();
}

// The rows that a rectangle of the page touches, in the page or not.
export function touching({ left, top, right, bottom }) {
  if (!list) return [];
  const { gap, width, left: from } = measure();
  const start = listTop() + window.scrollY;
  const isTouched = ([row, at]) => {
    const y = start + topOf(lineOf(at)) + headingOf(lineOf(at));
    const x = from + columnOf(at) * (width + gap);
    return y < bottom && y + measure().heights[row.dataset.kind] > top && x < right && x + width > left;
  };
  return held.within(0, held.total).filter(isTouched).map(([row]) => row);
}

function measure() {
  if (form) return form;
  const style = getComputedStyle(list);
  const isGrid = list.classList.contains("grid");
  const heights = { folder: isGrid ? 44 : 40, file: isGrid ? 182 : 40 };
  for (const kind of ["folder", "file"]) {
    const ofKind = isGrid ? `[data-kind="${kind}"]` : ""; // in a list all rows are alike
    const [row, key] = [list.querySelector(`.row${ofKind}:not(.away)`), `${kind} ${isGrid} ${window.innerWidth}`];
    if (row) seenHeights.set(key, row.getBoundingClientRect().height);
    heights[kind] = seenHeights.get(key) ?? heights[kind];
  }
  const tracks = isGrid ? style.gridTemplateColumns.split(" ") : ["0"];
  form = {
    isGrid, heights, columns: tracks.length, gap: isGrid ? parseFloat(style.rowGap) : 0, heading: isGrid ? HEADING_PX : 0,
    folders: held.folders, total: held.total, padding: parseFloat(style.paddingTop),
    width: isGrid ? parseFloat(tracks[0]) : list.clientWidth, left: list.getBoundingClientRect().left + parseFloat(style.paddingLeft),
  };
  return form;
}

const folders = () => measure().folders;
const folderLines = () => Math.ceil(folders() / measure().columns);
const lines = () => folderLines() + Math.ceil((measure().total - folders()) / measure().columns);
const lineOf = (at) => (at < folders() ? Math.floor(at / measure().columns) : folderLines() + Math.floor((at - folders()) / measure().columns));
const firstOf = (line) => (line < folderLines() ? line * measure().columns : Math.min(measure().total, folders() + (line - folderLines()) * measure().columns));
const columnOf = (at) => (at < folders() ? at : at - folders()) % measure().columns;
const headingOf = (line) => (line === 0 || line === folderLines() ? measure().heading : 0);
const listTop = () => list.getBoundingClientRect().top + measure().padding;

// Where a line begins, its heading included, below the top of the first.
function topOf(line) {
  const { heights, gap, heading } = measure();
  const [short, long] = [Math.min(line, folderLines()), Math.max(0, line - folderLines())];
  return short * (heights.folder + gap) + long * (heights.file + gap) + (short > 0 ? heading : 0) + (long > 0 ? heading : 0);
}

function lineAt(y) {
  const { heights, gap } = measure();
  const files = topOf(folderLines());
  const line = y < files ? Math.floor(y / (heights.folder + gap)) : folderLines() + Math.floor((y - files) / (heights.file + gap));
  return Math.max(0, Math.min(lines(), line));
}

function draw() {
  if (!list?.isConnected) return;
  const top = listTop();
  const [from, to] = near(top, AHEAD_PX);
  if (!form.drawn || drawn[0] !== from || drawn[1] !== to) {
    form.drawn = true;
    drawn = [from, to];
    putIn(held.within(from, to), from, to);
  }
  want(...near(top, 0));
  want(...near(top, ASK_AHEAD_PX));
}

// The places of what is seen, and of so much more above and below.
function near(top, ahead) {
  const [first, last] = [Math.max(0, lineAt(-top - ahead) - 1), Math.min(lines(), lineAt(window.innerHeight - top + ahead) + 1)];
  return [firstOf(first), firstOf(last)];
}

// Rows that stay are not moved: what has the focus keeps it.
function putIn(some, from, to) {
  const [places, nodes] = [new Map(some), withGaps(some)];
  const at = places.has(kept) ? -1 : held.indexOf(kept);
  if (at >= 0) {
    places.set(kept, at);
    nodes.splice(at < from ? 0 : nodes.length, 0, kept);
  }
  for (const one of list.querySelectorAll(":scope > :is(.row, .gap)")) if (!places.has(one)) one.remove();
  let next = above.nextElementSibling;
  for (const one of nodes) {
    if (one === next) next = next.nextElementSibling;
    else list.insertBefore(one, next);
  }
  for (const [row, at] of places) {
    row.setAttribute("aria-rowindex", at + 1);
    row.classList.toggle("begins", at === 0 || at === folders());
    const isAway = at < from || at >= to;
    row.classList.toggle("away", isAway);
    row.style.top = isAway ? `${measure().padding + topOf(lineOf(at))}px` : "";
  }
}

// The rows, and boxes for what has not come between them. Where rows begin anew, the first takes its own column.
function withGaps(some) {
  const { gap, isGrid } = measure();
  const nodes = [];
  let line = 0; // the one behind what is drawn so far
  let before = -1;
  for (const [row, at] of some) {
    const isAnew = at !== before + 1 || before < 0;
    if (isAnew) {
      const room = topOf(lineOf(at)) - topOf(line) - gap;
      if (before < 0) size(above, room);
      else if (room > 0) nodes.push(size(make("div", { class: "gap", "aria-hidden": "true" }), room));
    }
    row.style.gridColumnStart = isGrid && isAnew && columnOf(at) ? columnOf(at) + 1 : "";
    nodes.push(row);
    [line, before] = [lineOf(at) + 1, at];
  }
  if (!some.length) size(above, 0);
  size(below, line < lines() ? topOf(lines()) - topOf(line) - gap : 0);
  return nodes;
}

function size(spacer, height) {
  spacer.hidden = height <= 0;
  spacer.style.height = `${Math.max(0, height)}px`;
  return spacer;
}
