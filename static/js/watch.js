// Looks again at entries whose copies are still on their way, until all of them are there.

import { part } from "./api.js";
import { place, rows } from "./rows.js";

const FIRST_MS = 700;
const SLOWEST_MS = 6000;
const AT_ONCE = 6;
const GIVE_UP_MS = 15 * 60_000;
const watched = new Map(); // id → { parent, since, tell }
let wait = FIRST_MS;
let timer = null;

// Calls tell(mark) with the copies as they change: { tone, words }.
export function watch(id, { parent, tell = () => {} }) {
  watched.set(id, { parent, since: Date.now(), tell });
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

async function look() {
  wait = Math.min(SLOWEST_MS, wait * 1.5);
  if (document.visibilityState === "visible" && navigator.onLine) {
    await Promise.all([...watched.keys()].slice(0, AT_ONCE).map(lookAt));
  }
  schedule();
}

async function lookAt(id) {
  const one = watched.get(id);
  watched.delete(id); // the ones behind it come first next time
  let fresh;
  try {
    fresh = await part(`/files/${id}/row`);
  } catch {
    fresh = undefined; // no answer is no news
  }
  if (fresh === null) return;
  const row = fresh?.querySelector(".row");
  const tone = row?.dataset.tone;
  if (row) one.tell({ tone, words: row.querySelector(".c-copies").textContent.trim() });
  if (tone && tone !== "busy") {
    await place(id, { parent: one.parent });
    document.dispatchEvent(new CustomEvent("entry:changed", { detail: { id } }));
  } else if (Date.now() - one.since < GIVE_UP_MS) {
    watched.set(id, one);
  }
}
