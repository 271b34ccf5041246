// How figures, times and problems are said. The templates say them alike (files/templatetags/words.py).

import { _, ngettext } from "./gettext.js";

const SPACE = "\u00a0"; // Geist's narrow one is hardly seen
const UNITS = ["kB", "MB", "GB", "TB", "PB"];
const MONTHS = [_("Jan"), _("Feb"), _("Mar"), _("Apr"), _("May"), _("Jun"), _("Jul"), _("Aug"), _("Sep"), _("Oct"), _("Nov"), _("Dec")];
const THINGS = {
  item: (count) => ngettext("%(count)s item", "%(count)s items", count),
  file: (count) => ngettext("%(count)s file", "%(count)s files", count),
  node: (count) => ngettext("%(count)s node", "%(count)s nodes", count),
  copy: (count) => ngettext("%(count)s copy", "%(count)s copies", count),
};

export function size(bytes) {
  if (bytes < 1000) return `${bytes}${SPACE}B`;
  let amount = bytes;
  let unit = "";
  for (unit of UNITS) {
    amount /= 1000;
    if (amount < 999.5) break;
  }
  const figure = unit === "kB" || amount >= 99.95 ? amount.toFixed(0) : amount.toFixed(1);
  return `${figure}${SPACE}${unit}`;
}

// "2.6 of 4.2 GB": the unit once when both share it.
export function sizeOf(part, whole) {
  const [figure, unit] = size(part).split(SPACE);
  const all = size(whole);
  return all.endsWith(SPACE + unit) ? _("%(figure)s of %(all)s", { figure, all }) : _("%(size)s of %(all)s", { size: size(part), all });
}

export function percent(part, whole) {
  return `${whole ? Math.floor((100 * part) / whole) : 100}${SPACE}%`;
}

export function timeLeft(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 90) return _("%(time)s left", { time: `${Math.max(1, Math.round(seconds))}${SPACE}s` });
  if (seconds < 5400) return _("%(time)s left", { time: `${Math.round(seconds / 60)}${SPACE}min` });
  return _("%(time)s left", { time: `${Math.round(seconds / 3600)}${SPACE}h` });
}

const SHOWN = { time: (date) => clock(date), day: (date) => `${date.getDate()} ${MONTHS[date.getMonth()]}`, moment: (date) => (isToday(date) ? clock(date) : moment(date)) };
const isToday = (date) => date.toDateString() === new Date().toDateString();
const dayBefore = (now) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);

export function when(date, now = new Date()) {
  if (date.toDateString() === now.toDateString()) return _("Today, %(time)s", { time: clock(date) });
  if (date.toDateString() === dayBefore(now).toDateString()) return _("Yesterday");
  return date.getFullYear() === now.getFullYear() ? SHOWN.day(date) : dayOf(date);
}

export const dayOf = (date) => `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`;

export const moment = (date) => `${dayOf(date)}, ${clock(date)}`;

// "3 items": a count of what THINGS names.
export const things = (count, thing) => THINGS[thing](count);

// The server tells its own time zone; a person is told theirs.
export function localise(within) {
  const near = [new Date(), dayBefore(new Date())].map((day) => day.toDateString());
  for (const time of within.querySelectorAll("time[datetime]")) {
    const date = new Date(time.dateTime);
    time.textContent = time.dataset.exact === undefined ? when(date) : moment(date);
    time.title = moment(date);
    time.classList.toggle("day-word", time.dataset.exact === undefined && near.includes(date.toDateString()));
  }
  for (const text of within.querySelectorAll("[data-moment]")) {
    const date = new Date(text.dataset.moment);
    text.textContent = SHOWN[text.dataset.shown](date);
  }
}

// The moments of a sentence, "2026-11-29 10:14 UTC", as they are for the reader; of today the time is enough.
export function localised(sentence) {
  return sentence.replace(/(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC/g, (_all, day, time) => {
    const date = new Date(`${day}T${time}Z`);
    return isToday(date) ? clock(date) : moment(date);
  });
}

function clock(date) {
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}
