// The field above everything: what is typed is looked for at once, in the whole tree.

import { go, page } from "./page.js";
import { rows } from "./rows.js";
import { focus } from "./selection.js";
import { orSay } from "./toast.js";

const PAUSE_MS = 180;
let timer = null;
let before = null; // where one was when the search began

export function start() {
  const form = document.querySelector('form[role="search"]');
  const field = form.querySelector("input");
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => orSay(() => look(field.value.trim())), PAUSE_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    orSay(async () => {
      await look(field.value.trim());
      focus(rows()[0]);
    });
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") focus(rows()[0]);
    else if (event.key === "Escape") leave(field);
    else return;
    event.preventDefault();
  });
  document.addEventListener("page:shown", () => {
    if (document.activeElement !== field) field.value = page().dataset.query ?? "";
  });
}

async function look(words) {
  const isThere = page().dataset.place === "search";
  if (!words) {
    if (isThere && before) await go(before);
    return;
  }
  if (!isThere) before = window.location.href;
  const url = new URL(isThere ? window.location.href : "/search", window.location.origin);
  url.searchParams.set("q", words);
  url.searchParams.delete("cursor");
  const isShown = await go(url.href, { remember: !isThere });
  if (isThere && isShown) history.replaceState(history.state, "", url);
}

function leave(field) {
  clearTimeout(timer);
  field.value = "";
  field.blur();
  if (page().dataset.place === "search" && before) orSay(() => go(before));
}
