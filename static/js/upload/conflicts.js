// Asks what to do with names that are taken, before any byte is sent.

import { icon, make } from "../dom.js";
import { ask } from "../dialogs.js";
import { _, ngettext } from "../gettext.js";
import { rowOf } from "../rows.js";
import { size, things, when } from "../words.js";

const CHOICES = [["rename", _("Keep both")], ["replace", _("Replace")], ["skip", _("Skip")]];
const OUTCOMES = { rename: _("Yours gets a number"), replace: _("The old one stays as a version"), skip: _("Not sent") };
const OUTCOME_OF_FOLDER = _("A folder has this name; yours gets a number");
let counter = 0;

// clashes: [{ file, there }]; resolves to a Map from file to its choice, or to undefined when nothing is to be sent.
export async function askAbout(clashes, total, folderName) {
  const choices = new Map(clashes.map(({ file, there }) => [file, first(file, there)]));
  const lines = clashes.map((clash) => line(clash, choices, chosen));
  let last = null; // chosen by hand
  const all = make("input", { type: "checkbox", class: "tick", id: "same-for-all", onchange: () => all.checked && last && chosen(null, last) });
  const verb = () => {
    const sent = total - [...choices.values()].filter((choice) => choice === "skip").length;
    return sent ? _("Upload %(things)s", { things: things(sent, "file") }) : total === 1 ? _("Skip it") : _("Skip all %(total)s", { total });
  };
  function chosen(file, choice) {
    last = choice;
    for (const clash of clashes) if (all.checked || clash.file === file) choices.set(clash.file, offered(choice, clash.there));
    for (const each of lines) each.update();
    const submit = document.querySelector(".conflicts [type=submit]");
    if (submit) submit.textContent = verb();
  }
  const others = total - clashes.length;
  const lead = others
    ? ngettext("Nothing has been sent yet. The other file goes ahead whatever you choose.", "Nothing has been sent yet. The other %(count)s files go ahead whatever you choose.", others)
    : _("Nothing has been sent yet.");
  const yes = await ask({
    title: clashes.length === total && total === 1 ? _("“%(name)s” is already in “%(folderName)s”", { name: clashes[0].there.name, folderName }) : _("%(clashes)s of %(things)s are already in “%(folderName)s”", { clashes: clashes.length, things: things(total, "file"), folderName }),
    lead,
    body: make("div", { class: "clashes" }, ...lines.map((each) => each.element)),
    verb: verb(), classes: "conflicts", cancel: _("Cancel upload"),
    extra: clashes.length > 1 ? make("label", { class: "check-line", for: "same-for-all" }, all, _("Same choice for all %(clashes)s", { clashes: clashes.length })) : null,
    decide: async () => true,
  });
  return yes ? choices : undefined;
}

// A folder is not replaced by a file: what is sent all the same gets a number.
const offered = (choice, there) => (there.kind === "folder" && choice === "replace" ? "rename" : choice);

function first(file, there) {
  if (there.kind === "folder") return "rename";
  return file.size === there.size && Math.abs(file.lastModified - new Date(there.modified_at)) < 2000 ? "skip" : "rename";
}

function line({ file, there, looks }, choices, chosen) {
  const name = `clash-${(counter += 1)}`;
  const outcome = make("span", { class: "outcome" });
  const isFolder = there.kind === "folder";
  const radios = CHOICES.filter(([choice]) => offered(choice, there) === choice).map(([choice, words]) => {
    const input = make("input", { type: "radio", name, value: choice, onchange: () => chosen(file, choice) });
    return [choice, input, make("label", {}, input, make("span", {}, words))];
  });
  const same = first(file, there) === "skip";
  const picture = rowOf(there.id)?.querySelector(".c-thumb img")?.cloneNode(); // of what is there
  const element = make(
    "fieldset", { class: "clash" },
    make("legend", { class: "visually-hidden" }, file.name),
    make("span", { class: `c-icon ${looks[1]}` }, picture ?? icon(looks[0], 20)),
    make("div", {},
      make("b", { "aria-hidden": "true" }, file.name),
      make("dl", {},
        make("dt", { class: "dim" }, _("Here now")), make("dd", {}, isFolder ? _("A folder") : _("%(size)s, changed %(size2)s", { size: size(there.size), size2: spoken(new Date(there.modified_at)) })),
        make("dt", { class: "dim" }, _("Yours")), make("dd", {}, same ? _("The very same size and time") : _("%(size)s, changed %(size2)s", { size: size(file.size), size2: spoken(new Date(file.lastModified)) })))),
    make("div", { class: "choice" }, make("span", { class: "segments" }, ...radios.map(([, , label]) => label)), outcome),
  );
  const update = () => {
    for (const [choice, input] of radios) input.checked = choices.get(file) === choice;
    outcome.textContent = isFolder && choices.get(file) !== "skip" ? OUTCOME_OF_FOLDER : OUTCOMES[choices.get(file)];
  };
  update();
  return { element, update };
}

const spoken = (date) => when(date).replace(/^\p{L}/u, (letter) => letter.toLowerCase());
