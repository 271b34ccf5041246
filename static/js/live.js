// Keeps what is shown true while others change it: asks for the news of one's tree every few seconds.

import { call } from "./api.js";
import { folderId, hasEntries, inTrash, isAnywhere, page, refresh } from "./page.js";
import { placeAll, remove, rowOf } from "./rows.js";
import { changed, chosen, focused } from "./selection.js";
import { orSay } from "./toast.js";

const EVERY_MS = 4000;
const MOST = 200;
const NEAR_TOP_PX = 200;
let cursor = null;
let isStale = false; // what is shown lacks something that no row alone can bring

export async function start() {
  document.addEventListener("page:leaving", (event) => (event.detail.cursor = cursor));
  document.addEventListener("page:shown", (event) => {
    isStale = false;
    if (event.detail.cursor) orSay(() => catchUp(event.detail.cursor));
  });
  for (;;) {
    try {
      if (cursor === null) ({ cursor } = await call("GET", "/now"));
      else if (document.visibilityState === "visible" && navigator.onLine) cursor = await follow(cursor);
      if (isStale && isAtRest()) await refresh(focused()?.dataset.id);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (problem.status === 400 || problem.status === 410) cursor = null; // too old: from now on, then
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
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
const isAtRest = () => !chosen().length && window.scrollY < NEAR_TOP_PX && !document.querySelector("dialog[open], :popover-open") && document.visibilityState === "visible";

// A page that is come back to has missed what changed meanwhile.
async function catchUp(from) {
  try {
    await follow(from);
  } catch (problem) {
    if (problem.status !== 400 && problem.status !== 410) throw problem;
    await refresh();
  }
}

async function take(news) {
  const [coming, leaving] = [[], []];
  for (const { id, entry } of news) {
    const row = rowOf(id);
    const isHere = entry && !entry.trashed_at && (isAnywhere() ? row : entry.parent === folderId());
    if (isHere && row?.dataset.revision !== entry.etag) coming.push(id);
    else if (!isHere && row) leaving.push(row);
  }
  if (leaving.length) {
    remove(leaving);
    changed();
  }
  await placeAll(coming, { parent: folderId() });
  for (const { id } of news) if (rowOf(id)) document.dispatchEvent(new CustomEvent("entry:changed", { detail: { id } }));
}
