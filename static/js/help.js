// The keys, told on request; the ones without Ctrl or Alt can be switched off.

import { ask } from "./dialogs.js";
import { make } from "./dom.js";
import { _ } from "./gettext.js";

const OFF = "keys=off"; // a cookie, so that the account's page can switch it, too
const YEAR_SECONDS = 365 * 24 * 3600;
const KEYS = [
  [_("Go about"), [["↑ ↓ ← →", _("Move")], ["Home End", _("First, last")], ["Enter", _("Open")], ["Alt ↑", _("Up to the folder above")], ["/", _("Search")], ["a … z", _("To a name that begins so")], ["Shift S D V", _("Names with s, d, v")]]],
  [_("Select"), [["Space", _("This one, too")], ["Shift ↑ ↓", _("As far as here")], ["Ctrl A", _("All")], ["Esc", _("None")]]],
  [_("Change"), [["F2", _("Rename")], ["Ctrl X  C  V", _("Cut, copy, paste")], ["Del", _("Move to trash")], ["s", _("Star")], ["Ctrl Z", _("Undo")]]],
  [_("Look"), [["d", _("Details")], ["v", _("List or grid")], ["Shift F10", _("Menu of a row")], ["?", _("These keys")]]],
];

export const areOn = () => !document.cookie.split("; ").includes(OFF);

export function show() {
  const box = make("input", { type: "checkbox", class: "tick", checked: areOn() });
  box.addEventListener("change", () => {
    document.cookie = `${OFF}; path=/; max-age=${box.checked ? 0 : YEAR_SECONDS}; samesite=lax`;
  });
  const groups = KEYS.map(([title, keys]) =>
    make("section", {}, make("h3", {}, title), make("dl", {}, ...keys.flatMap(([key, words]) => [make("dt", {}, ...key.split(" ").filter(Boolean).map((one) => make("kbd", {}, one))), make("dd", {}, words)]))),
  );
  return ask({
    title: _("Keys"), body: make("div", { class: "keys" }, ...groups), verb: _("Close"), cancel: null, wide: true, decide: async () => true,
    extra: make("label", { class: "check-line" }, box, _("Single letters do something")),
  });
}
