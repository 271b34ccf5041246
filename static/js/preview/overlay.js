// The preview: a file over the whole page, with its neighbours one key away. Closes with the browser's Back, too.

import { icon, make } from "../dom.js";
import { _ } from "../gettext.js";
import { amongFiles, nextFile, placeOf, rowOf, within } from "../rows.js";
import { focus, select } from "../selection.js";
import { announce, orSay, stayOnTop } from "../toast.js";
import { size } from "../words.js";
import { showPdf } from "./pdf.js";
import { showPicture } from "./picture.js";
import { showCode, showMarkdown, showPlain, showTable } from "./texts.js";

const SHOWERS = { image: showPicture, video: showFilm, audio: showSound, pdf: showPdf, text: showPlain, code: showCode, markdown: showMarkdown, csv: showTable };
const NEIGHBOURS = 4; // on either side, in the strip below
let dialog = null;
let shown = null; // { row, stop }
let deeds = {};
let closing = false;

export function start(given) {
  deeds = given;
  window.addEventListener("popstate", (event) => {
    if (!dialog && !closing) return;
    event.stopImmediatePropagation(); // only the preview goes
    closing = false;
    leave();
  });
}

export const isOpen = () => dialog !== null;

export function open(row) {
  if (dialog) return;
  build();
  document.body.append(dialog);
  dialog.showModal();
  stayOnTop();
  history.pushState({ ...history.state, preview: true }, "");
  show(row);
}

function build() {
  const act = (label, name, deed, classes = "") => make("button", { type: "button", class: `icon-button ${classes}`, "aria-label": label, title: label, onclick: deed }, icon(name, 18));
  const zoom = make("span", { class: "zooms", hidden: true },
    act(_("Smaller"), "zoom-out", () => shown.zoom?.(-1)), act(_("Fit"), "maximize", () => shown.zoom?.(0)), act(_("Larger"), "zoom-in", () => shown.zoom?.(1)));
  dialog = make(
    "dialog", { class: "preview", "aria-label": _("Preview") },
    make("header", { class: "preview-head" },
      act(_("Close the preview"), "x", close),
      make("h2"), make("span", { class: "preview-place" }), make("span", { class: "preview-copies copies" }), zoom,
      act(_("Star"), "star", () => orSay(() => run("star")), "only-wide preview-star"),
      act(_("Share"), "user-plus", () => orSay(() => run("share")), "only-wide preview-share"),
      act(_("Download"), "download", () => orSay(() => run("download"))),
      act(_("Details"), "panel-right", () => { const { row } = shown; close(); setTimeout(() => deeds.about(row), 0); }),
    ),
    make("div", { class: "preview-body" }),
    act(_("The one before"), "chevron-left", () => orSay(() => step(-1)), "preview-step before"),
    act(_("The next one"), "chevron-right", () => orSay(() => step(1)), "preview-step after"),
    make("nav", { class: "preview-strip only-wide", "aria-label": _("Neighbours") }),
  );
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  dialog.addEventListener("keydown", keys);
  swipe(dialog.querySelector(".preview-body"));
}

// What is on show is what the deed is meant for, wherever the selection was.
async function run(name) {
  const mine = shown;
  select([mine.row]);
  await deeds[name](mine.row);
  if (mine !== shown) return;
  mine.row = rowOf(mine.row.dataset.id) ?? mine.row; // drawn anew
  showDeeds(mine.row);
}

function showDeeds({ dataset }) {
  const [star, share] = [dialog.querySelector(".preview-star"), dialog.querySelector(".preview-share")];
  star.hidden = share.hidden = dataset.may !== "own";
  star.setAttribute("aria-pressed", String(Boolean(dataset.starred)));
}

function show(row) {
  shown?.stop?.();
  shown = { row };
  const { at, all } = amongFiles(row);
  const { name, preview, id } = row.dataset;
  const body = dialog.querySelector(".preview-body");
  dialog.querySelector("h2").textContent = name;
  dialog.querySelector(".preview-place").textContent = _("%(value)s of %(all)s", { value: at + 1, all });
  dialog.querySelector(".preview-copies").replaceChildren(...[...row.querySelector(".c-copies").childNodes].map((one) => one.cloneNode(true)));
  showDeeds(row);
  dialog.querySelector(".before").disabled = at === 0;
  dialog.querySelector(".after").disabled = at + 1 === all;
  dialog.querySelector(".zooms").hidden = preview !== "image" && preview !== "pdf";
  body.className = `preview-body of-${preview || "none"}`;
  body.replaceChildren(make("p", { class: "preview-wait" }, _("Opening…")));
  announce(_("%(name)s, %(value)s of %(all)s", { name, value: at + 1, all }));
  const mine = shown;
  const into = (...children) => mine === shown && body.replaceChildren(...children);
  const url = `/api/v1/entries/${id}/content?inline=1`;
  const shower = Number(row.dataset.size) ? SHOWERS[preview] : null;
  if (shower) Promise.resolve(shower({ url, name, bytes: Number(row.dataset.size), into, shown: mine })).catch(() => mine === shown && into(cannot(row, _("It cannot be shown here."))));
  else into(cannot(row, Number(row.dataset.size) ? _("This kind of file is not shown here.") : _("This file is empty.")));
  strip(row);
}

function cannot(row, words) {
  return make("div", { class: "preview-none" }, row.querySelector(".c-icon").cloneNode(true), make("p", {}, words),
    make("p", { class: "dim" }, size(Number(row.dataset.size))),
    make("button", { type: "button", class: "button primary", onclick: () => orSay(() => run("download")) }, icon("download"), _("Download")));
}

function showFilm({ url, name, into, shown: mine }) {
  const film = make("video", { controls: true, src: url, "aria-label": name, playsinline: "" });
  film.addEventListener("error", () => into(cannot(mine.row, _("This film cannot be played here."))));
  mine.stop = () => film.removeAttribute("src");
  into(film);
}

function showSound({ url, name, into, shown: mine }) {
  const sound = make("audio", { controls: true, src: url, "aria-label": name });
  sound.addEventListener("error", () => into(cannot(mine.row, _("This sound cannot be played here."))));
  mine.stop = () => sound.pause();
  into(mine.row.querySelector(".c-icon").cloneNode(true), sound);
}

function strip(shownRow) {
  const at = placeOf(shownRow);
  const near = within(Math.max(0, at - NEIGHBOURS), at + NEIGHBOURS + 1).filter((row) => row.dataset.kind === "file");
  dialog.querySelector(".preview-strip").replaceChildren(
    ...near.map((row) =>
      make("button", { type: "button", "aria-label": row.dataset.name, "aria-current": String(row === shownRow), onclick: () => show(row) },
        (row.querySelector(".c-thumb img") ?? row.querySelector(".c-icon .icon")).cloneNode(true)),
    ),
  );
}

async function step(by) {
  const from = shown;
  const next = await nextFile(rowOf(from.row.dataset.id), by);
  if (next && shown === from) show(next);
}

function keys(event) {
  if (event.target.closest("video, audio") && event.key !== "Escape") return;
  const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }[event.key];
  if (by && !event.altKey && !event.ctrlKey && !event.metaKey) orSay(() => step(by));
  else if ("+-0".includes(event.key) && shown.zoom) shown.zoom({ "+": 1, "-": -1, 0: 0 }[event.key]);
  else return;
  event.preventDefault();
}

function swipe(body) {
  let from = null;
  body.addEventListener("pointerdown", (event) => {
    from = event.pointerType === "touch" && !shown.isZoomed ? event.clientX : null;
  });
  body.addEventListener("pointerup", (event) => {
    if (from !== null && Math.abs(event.clientX - from) > 60) orSay(() => step(event.clientX < from ? 1 : -1));
    from = null;
  });
}

export function close() {
  if (!dialog) return;
  closing = true;
  leave();
  history.back();
}

function leave() {
  if (!dialog) return;
  const row = rowOf(shown.row.dataset.id);
  shown.stop?.();
  dialog.close();
  stayOnTop();
  dialog.remove();
  [shown, dialog] = [null, null];
  focus(row);
}
