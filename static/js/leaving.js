// Takes entries that are no longer here out of the list, and hands the focus to the next one.

import * as details from "./details.js";
import { page, refresh } from "./page.js";
import { remove, rows } from "./rows.js";
import { changed, focus, select } from "./selection.js";

// What is gone is named by its facts; some of it may not have come into the list yet.
export async function leave(gone) {
  const [all, going] = [rows(), new Set(gone.map((one) => one.id))];
  const leaving = all.filter((row) => going.has(row.dataset.id));
  details.hideIf(leaving);
  if (leaving.length < gone.length || leaving.length === all.length) {
    select([]);
    await refresh();
    focusOr(rows()[0]);
    return;
  }
  const next = neighbour(leaving.at(-1), leaving);
  remove(leaving);
  changed();
  focusOr(next);
}

// The row that stays behind one that leaves, or else before it.
export function neighbour(row, leaving) {
  const [all, going] = [rows(), new Set(leaving)];
  const at = all.indexOf(row);
  const isStaying = (one) => !going.has(one);
  return all.slice(at + 1).find(isStaying) ?? all.slice(0, at).findLast(isStaying);
}

function focusOr(row) {
  if (row) focus(row);
  else page().focus();
}
