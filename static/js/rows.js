// The rows of the list: coming as it is scrolled, put into their place when they come or change, leaving.

import { call, part } from "./api.js";
import { Held } from "./held.js";
import { watch as watchThumbs } from "./thumbs.js";
import { folderId, inTrash, isAnywhere, page, refresh } from "./page.js";
import { released } from "./press.js";
import * as viewport from "./viewport.js";
import { localise, size, things } from "./words.js";

const PAGE = 200; // as many as the server draws at once of a list that goes on
const AGAIN_MS = 3000; // after no answer
let held = new Held(); // what has come; only the rows near what is seen are in the page
const left = new WeakMap(); // list → what was held of it
let coming = null; // while more is being asked for
let stop = null; // the one that Tab leads to

export const list = () => document.getElementById("list");
export const rows = () => held.rows;
export const rowOf = (id) => held.rows.find((row) => row.dataset.id === id) ?? null;
export const rowAt = (target) => target.closest?.("#list .row") ?? null;
export const placeOf = (row) => held.indexOf(row);
export const within = (from, to) => held.within(from, to).map(([row]) => row);
export const isWhole = (from, to) => !held.hole(from, to);
export const total = () => held.total;
export const isCounted = () => held.isCounted; // as folders are

// Makes rows reachable by the arrow keys: one stop for Tab, the links in them none.
export function adopt(within) {
  localise(within);
  for (const link of within.querySelectorAll(".row a")) {
    link.tabIndex = -1;
    link.draggable = false;
  }
  watchThumbs(within);
  for (const row of within.querySelectorAll(".row")) {
    row.tabIndex = -1;
    row.draggable = !inTrash();
  }
}

export function shown() {
  const here = list();
  stop = null;
  if (!here) held = new Held();
  else if (left.has(here)) ({ held, stop } = left.get(here));
  else {
    adopt(here);
    const facts = new URLSearchParams(window.location.search).has("cursor") ? null : page().querySelector("#facts")?.dataset;
    held = new Held([...here.querySelectorAll(".row")], takeMore(here), facts ? { count: Number(facts.count), folders: Number(facts.folders) } : {});
  }
  viewport.take(here, held, want);
  makeStop(stop ?? held.rows[0]);
  changed();
}

// A list that is left is kept with all its rows, so that it can be come back to as it was.
export function start() {
  document.addEventListener("page:leaving", () => list() && left.set(list(), { held, stop }));
  window.addEventListener("online", () => viewport.changed());
}

// Makes a row the one that Tab leads to, and so keeps it in the page.
export function makeStop(row) {
  if (stop) stop.tabIndex = -1;
  stop = row ?? null;
  if (stop) stop.tabIndex = 0;
  viewport.keep(stop);
}

function changed() {
  viewport.changed();
  list()?.setAttribute("aria-rowcount", held.isCounted || !held.hole() ? held.total : -1);
}

// Where the list goes on, said by a link for those without scripts.
function takeMore(within) {
  const more = within.querySelector(".more");
  more?.remove();
  return more ? new URL(more.getAttribute("href"), window.location).href : null; // it may be of no page yet
}

// Asks for what is missing at these places; what is seen is drawn again when it has come, and asks on.
function want(from, to) {
  const hole = coming ? null : held.hole(from, to);
  if (hole) fetchInto(hole);
}

function fetchInto(hole) {
  coming ??= fetchHole(hole).finally(() => (coming = null)).then((some) => {
    if (!some) return false;
    changed();
    came(some.filter((row) => held.indexOf(row) >= 0));
    return true;
  });
  return coming;
}

// What follows what is there comes by its cursor; what lies farther away, by its place. Returns the rows, or null.
async function fetchHole({ before, from, to, after }) {
  const here = list();
  const isNext = from - held.indexOf(before.rows.at(-1)) <= PAGE || !held.isCounted;
  const edge = after?.from ?? held.total;
  const place = to === edge ? edge - PAGE + (after ? 1 : 0) : from; // one that is known, too: it must fit
  const url = new URL(isNext ? before.more : window.location.href);
  url.searchParams.set("part", "rows");
  if (!isNext) url.searchParams.set("skip", place);
  try {
    const fresh = await part(url.pathname + url.search);
    if (here !== list() || !fresh) return null;
    adopt(fresh);
    const more = takeMore(fresh);
    const some = [...fresh.querySelectorAll(".row")];
    const fits = isNext ? held.grow(before, some, more) : held.put(place, some, more);
    if (!fits) await refresh();
    return fits ? some : null;
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    setTimeout(() => here === list() && viewport.changed(), AGAIN_MS);
    return null;
  }
}

// The row at a place, or null when it does not come, or another page is shown meanwhile.
export async function reach(place) {
  const here = list();
  while (here === list()) {
    const hole = held.hole(place, place + 1);
    if (!hole) return held.at(place) ?? null;
    if (!(await fetchInto(hole))) return null;
  }
  return null;
}

// The first row of a folder whose name begins so, wherever it stands.
export async function reachName(name) {
  const asked = new URLSearchParams({ name, order: list().dataset.order || "name" });
  const { place } = await call("GET", `/files/${folderId()}/place?${asked}`);
  return place === null ? null : reach(place);
}

// The last place of all. Where nobody tells how many there are, all of them come for that.
export async function lastPlace() {
  if (!held.isCounted) await load();
  return held.total - 1;
}

// Loads what has not come yet, until `isEnough` says so, or all is there. False: it broke off, or another page is shown.
export async function load(isEnough = () => false) {
  const here = list();
  for (let hole = held.hole(); here === list() && hole && !isEnough(); hole = held.hole()) {
    if (!(await fetchInto(hole))) return false;
  }
  return here === list();
}

// Where a file stands among all files that are known of.
export function amongFiles(row) {
  if (held.isCounted) return { at: held.indexOf(row) - held.folders, all: held.total - held.folders };
  const files = held.rows.filter((one) => one.dataset.kind === "file");
  return { at: files.indexOf(row), all: files.length };
}

export async function nextFile(row, by) {
  const first = held.isCounted ? held.folders : 0;
  for (let place = held.indexOf(row) + by; place >= first && place < held.total; place += by) {
    const other = await reach(place);
    if (!other || other.dataset.kind === "file") return other;
  }
  return null;
}

// What deeds need to know of what has not come yet between two places, its rows spared: facts, as rows have them.
export async function factsBetween(from, to) {
  const found = [];
  for (const { before, after } of [...held.holes(from, to)]) {
    const url = new URL(before.more);
    url.searchParams.set("part", "facts");
    for (let next = url.searchParams.get("cursor"); next; ) {
      url.searchParams.set("cursor", next);
      let results;
      ({ results, next } = await call("GET", url.pathname + url.search));
      const end = after ? results.findIndex((one) => one.id === after.rows[0].dataset.id) : -1;
      found.push(...(end < 0 ? results : results.slice(0, end)));
      if (end >= 0) break;
    }
  }
  return found;
}

const came = (some) => document.dispatchEvent(new CustomEvent("rows:came", { detail: some }));

// Shows an entry as it is now; one that lies elsewhere or is gone leaves the list. Returns the row, if it is shown.
export async function place(id, options) {
  return (await placeAll([id], options)).at(-1) ?? null;
}

// The same, and has it come if it stands where nothing has come yet: the hole is halved until it is met.
export async function bring(id, { parent = folderId(), areNew = false } = {}) {
  const placed = await place(id, { parent, areNew });
  if (placed || isAnywhere() || parent !== folderId() || !held.hole()) return placed;
  const row = await rowNow(id);
  while (row && !rowOf(id)) {
    const hole = [...held.holes(0, held.total)].find(({ before, after }) => comesBefore(before.edge, row) && !(after && comesBefore(after.rows[0], row)));
    if (!hole || !(await reach(Math.floor((hole.from + hole.to) / 2)))) return null;
  }
  return rowOf(id);
}

// An entry as it is now, or null when it is not there any more.
export async function rowNow(id) {
  return (await partOf([id]))?.querySelector(".row") ?? null;
}

const partOf = (ids) => part(`/files/rows${isAnywhere() ? "?anywhere" : ""}`, { ids });

// The same for many. Returns the rows that are shown. What lies below the end of the list is counted when it is new.
export async function placeAll(ids, { parent = folderId(), areNew = false } = {}) {
  const shownRows = [];
  for (let from = 0; from < ids.length; from += PAGE) {
    if (inTrash() || parent !== folderId()) break;
    const some = ids.slice(from, from + PAGE);
    const fresh = await partOf(some);
    await released();
    if (!fresh || parent !== folderId()) break; // another folder was opened meanwhile
    if (!list()) {
      if (isAnywhere() || !fresh.querySelector(".row")) break;
      await refresh(ids.at(-1)); // nothing lay here before
      return ids.map(rowOf).filter(Boolean);
    }
    adopt(fresh);
    shownRows.push(...putInPlace(some, [...fresh.querySelectorAll(".row")], areNew));
  }
  return shownRows;
}

function putInPlace(asked, fresh, areNew) {
  const byId = new Map(held.rows.map((row) => [row.dataset.id, row]));
  const olds = new Map(asked.filter((id) => byId.has(id)).map((id) => [id, byId.get(id)]));
  const there = new Set(fresh.map((row) => row.dataset.id));
  remove([...olds].filter(([id]) => !there.has(id)).map(([, old]) => old));
  const known = fresh.filter((row) => !isAnywhere() || olds.has(row.dataset.id)); // others come with the next look at the list
  const focused = known.find((row) => olds.get(row.dataset.id)?.contains(document.activeElement));
  const news = new Map(known.map((row) => [row.dataset.id, row]));
  const away = new Set(); // rows that will stand elsewhere
  for (const row of known) {
    const old = olds.get(row.dataset.id);
    if (old) {
      row.setAttribute("aria-selected", old.getAttribute("aria-selected"));
      count(row, 1);
      count(old, -1);
    }
    if (!old || !(isAnywhere() || standsAlike(old, row))) away.add(row);
  }
  held.keepOnly((row) => !away.has(news.get(row.dataset.id)), (row) => news.get(row.dataset.id) ?? row);
  for (const row of away) {
    const isOld = olds.has(row.dataset.id);
    const isHere = held.insert(row, comesBefore, isOld || areNew);
    if (!isOld && (areNew || isHere)) count(row, 1);
  }
  const isShown = (row) => row && held.indexOf(row) >= 0;
  if (news.has(stop?.dataset.id)) makeStop(isShown(news.get(stop.dataset.id)) ? news.get(stop.dataset.id) : held.rows[0]);
  came(known.filter((row) => !olds.has(row.dataset.id) && isShown(row)));
  changed();
  if (isShown(focused)) focused.focus({ preventScroll: true });
  return known.filter(isShown);
}

export function remove(leaving) {
  if (!leaving.length) return;
  const gone = new Set(leaving);
  for (const row of leaving) count(row, -1);
  held.keepOnly((row) => !gone.has(row));
  if (gone.has(stop)) makeStop(held.rows[0]);
  changed();
  if (list() && !held.total) refresh();
}

// Folders first, then by what the list is ordered by; folders have no size, and go by name then.
function comesBefore(row, other) {
  if (row.dataset.kind !== other.dataset.kind) return row.dataset.kind === "folder";
  const order = orderOf(row);
  const [mine, theirs] = [value(row, order), value(other, order)];
  if (mine !== theirs) return order.startsWith("-") ? mine > theirs : mine < theirs;
  return order.startsWith("-") ? row.dataset.id > other.dataset.id : row.dataset.id < other.dataset.id;
}

const orderOf = (row) => {
  const order = list().dataset.order || "name";
  return order.endsWith("size") && row.dataset.kind === "folder" ? "name" : order;
};
const standsAlike = (one, other) => value(one, orderOf(one)) === value(other, orderOf(other));

function value(row, order) {
  if (order.endsWith("size")) return Number(row.dataset.size);
  return order.endsWith("modified_at") ? Date.parse(row.dataset.modified) : row.dataset.key;
}

function count(row, sign) {
  const facts = page().querySelector("#facts");
  if (!facts) return;
  facts.dataset.count = Number(facts.dataset.count) + sign;
  facts.dataset.bytes = Number(facts.dataset.bytes) + sign * Number(row.dataset.size || 0);
  const [items, bytes] = [Number(facts.dataset.count), Number(facts.dataset.bytes)];
  facts.textContent = things(items, "item") + (bytes ? `, ${size(bytes)}` : "");
}
