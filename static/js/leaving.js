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
  const last = all.indexOf(leaving.at(-1));
  const isStaying = (row) => !going.has(row.dataset.id);
  const next = all.slice(last + 1).find(isStaying) ?? all.slice(0, last).reverse().find(isStaying);
  remove(leaving);
  changed();
  focusOr(next);
}

function focusOr(row) {
  if (row) focus(row);
  else page().focus();
}
