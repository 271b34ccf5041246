// Looks again at entries whose copies are still on their way, until all of them are there.

import { place, rowNow, rows } from "./rows.js";

const FIRST_MS = 700;
const SLOWEST_MS = 6000;
const AT_ONCE = 6;
const GIVE_UP_MS = 15 * 60_000;
const watched = new Map(); // id → { parent, since, tells, isAsked }
let wait = FIRST_MS;
let timer = null;

// Calls tell(mark) with the copies as they change: { tone, words, drawn }.
export function watch(id, { parent, tell = () => {} }) {
  const one = watched.get(id) ?? { tells: new Set(), isAsked: false };
  one.tells.add(tell);
  watched.set(id, Object.assign(one, { parent, since: Date.now() }));
  wait = FIRST_MS;
  schedule();
}

export function shown() {
  const parent = document.getElementById("page").dataset.folder;
  if (!parent) return;
  for (const row of rows()) {
    if (row.dataset.tone === "busy" && !watched.has(row.dataset.id)) watch(row.dataset.id, { parent });
  }
}

function schedule() {
  clearTimeout(timer);
  if (watched.size) timer = setTimeout(look, wait);
}

// Waits for no answer: one that hangs keeps nobody from hearing of the others.
function look() {
  wait = Math.min(SLOWEST_MS, wait * 1.5);
  if (document.visibilityState === "visible" && navigator.onLine) {
    const asked = [...watched.values()].filter((one) => one.isAsked).length;
    const next = [...watched].filter(([, one]) => !one.isAsked).slice(0, AT_ONCE - asked);
    for (const [id, one] of next) lookAt(id, one);
  }
  schedule();
}

async function lookAt(id, one) {
  const { since } = one;
  watched.delete(id); // the ones behind it come first next time
  watched.set(id, one);
  one.isAsked = true;
  try {
    const isSettled = await tellOf(id, one);
    const isOver = isSettled ? one.since === since : Date.now() - one.since > GIVE_UP_MS; // or it arrived anew
    if (isOver) watched.delete(id);
  } finally {
    one.isAsked = false;
  }
}

// Tells how the copies are now; returns whether there is nothing to wait for any more.
async function tellOf(id, { parent, tells }) {
  try {
    const row = await rowNow(id);
    if (!row) return true;
    const { tone } = row.dataset;
    const copies = row.querySelector(".c-copies");
    tells.forEach((tell) => tell({ tone, words: copies.textContent.trim(), drawn: copies.querySelector("svg") }));
    if (!tone || tone === "busy") return false;
    await place(id, { parent });
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    return false; // no answer is no news
  }
  document.dispatchEvent(new CustomEvent("entry:changed", { detail: { id } }));
  return true;
}
