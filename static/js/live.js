// Keeps what is shown true while others change it: asks every few seconds for the news of one's tree, and of what
// another shares where that is on show.

import { call } from "./api.js";
import { _ } from "./gettext.js";
import { neighbour } from "./leaving.js";
import { folderId, go, hasEntries, inTrash, isAnywhere, page, refresh } from "./page.js";
import { makeStop, placeAll, remove, rowOf, rows } from "./rows.js";
import { changed, chosen, focus, focused } from "./selection.js";
import { orSay, toast } from "./toast.js";

const EVERY_MS = 4000;
const MOST = 200;
const NEAR_TOP_PX = 200;
const MAY = { owner: "own", editor: "edit", viewer: "view" };
let cursor = null;
let isStale = false; // what is shown lacks something that no row alone can bring

export async function start() {
  document.addEventListener("page:leaving", (event) => (event.detail.cursor = cursor));
  document.addEventListener("page:shown", (event) => {
    isStale = false;
    const { cursor: seen } = event.detail;
    if (seen) orSay(() => catchUp(seen));
    else if (seen === null) orSay(refresh); // it was left before it was followed
  });
  for (;;) {
    await orNever(followOwn, () => (cursor = null)); // from now on, then
    await orNever(followShared, refresh);
    await orNever(followShares, refresh);
    if (isStale && isAtRest()) await refresh(focused()?.dataset.id);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

const isSeen = () => document.visibilityState === "visible" && navigator.onLine;

async function followOwn() {
  if (cursor === null) ({ cursor } = await call("GET", "/now"));
  else if (isSeen()) cursor = await follow(cursor);
}

// No answer is no news; a cursor that is too old, or of another database, leads nowhere.
async function orNever(ask, beginAnew) {
  try {
    await ask();
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    if (leadsNowhere(problem)) await beginAnew();
  }
}

const leadsNowhere = ({ status }) => status === 400 || status === 410;

// A page of another's folder holds its own cursor. What was moved out of the folder is told by the number of entries alone.
async function followShared() {
  const here = page();
  const { folder, news: from } = here.dataset;
  if (!from || !isSeen()) return;
  for (let isMore = true; isMore && here === page(); ) {
    const news = await newsOf(folder, here.dataset.news);
    if (here !== page()) return;
    if (!news) return void (await leaveShared(here));
    await take(news.changed.map(({ id, revision }) => ({ id, entry: revision && { etag: revision, parent: folder } })));
    [here.dataset.news, isMore] = [news.cursor, news.is_more];
    if (isMore) continue;
    const isCountedSo = news.count === null || news.count === Number(here.querySelector("#facts").dataset.count);
    if (!isCountedSo || news.may_edit === (here.dataset.may === "view")) isStale = true;
  }
}

// Null: the folder is shared no more, or in the trash.
async function newsOf(folder, from) {
  try {
    return await call("GET", `/files/${folder}/news?cursor=${encodeURIComponent(from)}`);
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

// Of what others share as a whole no cursor tells: it is looked at, unless it is too much for that.
async function followShares() {
  const here = page();
  if (here.dataset.place !== "shared" || !isSeen()) return;
  const { results, next } = await call("GET", `/api/v1/entries?shared=true&limit=${MOST}`);
  if (next || here !== page()) return;
  const there = new Map(results.map((entry) => [entry.id, entry]));
  const ids = [...there.keys(), ...rows().map((row) => row.dataset.id)];
  const news = [...new Set(ids)].map((id) => ({ id, entry: there.get(id) })).filter(({ id, entry }) => !isShownSo(rowOf(id), entry));
  if (news.length) isStale = true; // their order, and what is new
  await take(news);
}

async function leaveShared(here) {
  if (isBusy()) return; // it is asked again
  await go("/shared");
  if (here !== page()) toast(_("“%(name)s” is not shared with you any more.", { name: here.dataset.name }));
}

// Shows what has changed since a cursor was given; returns the cursor of what has been shown.
async function follow(from) {
  for (let isMore = true; isMore; ) {
    const news = await call("GET", `/api/v1/changes?limit=${MOST}&cursor=${encodeURIComponent(from)}`);
    if (news.results.some(isMissed)) isStale = true;
    if (hasEntries() && !inTrash()) await take(news.results);
    [from, isMore] = [news.cursor, Boolean(news.next)];
  }
  return from;
}

// Whether a list of what lies anywhere, or the trash, has it wrongly and can only be asked for anew.
function isMissed({ id, entry }) {
  const [isShown, isThere] = [Boolean(rowOf(id)), Boolean(entry && !entry.trashed_at)];
  if (inTrash()) return isShown !== Boolean(entry?.trashed_at);
  if (page().dataset.place === "starred") return isThere && entry.starred !== isShown;
  return page().dataset.place === "recent" && isThere && entry.kind === "file" && !isShown;
}

// Nothing is taken from under anybody's hands.
const isBusy = () => document.querySelector("dialog[open], :popover-open") !== null;
const isAtRest = () => !chosen().length && window.scrollY < NEAR_TOP_PX && !isBusy() && document.visibilityState === "visible";

// A page that is come back to has missed what changed meanwhile.
async function catchUp(from) {
  try {
    await follow(from);
  } catch (problem) {
    if (!leadsNowhere(problem)) throw problem;
    await refresh();
  }
}

const isShownSo = (row, entry) => row?.dataset.revision === entry?.etag && (!entry.role || MAY[entry.role] === row.dataset.may);

async function take(news) {
  const [coming, leaving] = [[], []];
  for (const { id, entry } of news) {
    const row = rowOf(id);
    const isHere = entry && !entry.trashed_at && (isAnywhere() ? row : entry.parent === folderId());
    if (isHere && !isShownSo(row, entry)) coming.push(id);
    else if (!isHere && row) leaving.push(row);
  }
  if (leaving.length) leave(leaving);
  if (coming.length) {
    await placeAll(coming, { parent: folderId() });
    changed();
  }
  for (const { id } of news) if (rowOf(id)) document.dispatchEvent(new CustomEvent("entry:changed", { detail: { id } }));
}

// The row that has the focus, or gets it by Tab, hands that to its neighbour.
function leave(leaving) {
  const hadFocus = leaving.includes(focused());
  const stop = hadFocus ? focused() : leaving.find((row) => row.tabIndex === 0);
  const next = stop && neighbour(stop, leaving);
  remove(leaving);
  if (next && hadFocus) focus(next, { still: true });
  else if (next) makeStop(next);
  changed();
}
