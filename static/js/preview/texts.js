// Texts: plain, code with its colours, Markdown, and tables. Only text goes in: markup in a file stays text.

import { make } from "../dom.js";
import { _ } from "../gettext.js";
import { size } from "../words.js";

const MOST_BYTES = 512 * 1024;
const MOST_COLOURED = 200_000; // characters
const MOST_LINES = 1000; // of a table

export async function showPlain(given) {
  const { text, rest } = await read(given);
  page(given, rest, make("pre", { class: "paper plain" }, text));
}

export async function showCode(given) {
  const { text, rest } = await read(given);
  const code = make("code", {}, text);
  page(given, rest, make("pre", { class: "paper code" }, code));
  if (text.length > MOST_COLOURED) return;
  const { default: hljs } = await import("../../vendor/highlight/highlight.min.js");
  const ending = given.name.split(".").at(-1).toLowerCase();
  if (hljs.getLanguage(ending)) code.innerHTML = hljs.highlight(text, { language: ending, ignoreIllegals: true }).value; // escapes what it is given
}

export async function showMarkdown(given) {
  const { text, rest } = await read(given);
  await load(document.body.dataset.markdown);
  const markdown = window.markdownit({ html: false, linkify: true });
  markdown.disable("image"); // nothing is fetched from elsewhere by looking at a file
  const paper = make("article", { class: "paper prose" });
  paper.innerHTML = markdown.render(text);
  for (const link of paper.querySelectorAll("a")) Object.assign(link, { target: "_blank", rel: "noopener noreferrer nofollow" });
  page(given, rest, paper);
}

export async function showTable(given) {
  const { text, rest } = await read(given);
  const lines = parse(text, given.name.toLowerCase().endsWith(".tsv") ? "\t" : null);
  const [head, ...body] = lines.slice(0, MOST_LINES + 1);
  const cells = (tag, line) => make("tr", {}, ...line.map((cell) => make(tag, tag === "th" ? { scope: "col" } : {}, cell)));
  const table = make("table", {}, make("thead", {}, cells("th", head)), make("tbody", {}, ...body.map((line) => cells("td", line))));
  const left = lines.length - 1 - body.length;
  page(given, rest, make("div", { class: "paper table" }, table, left ? make("p", { class: "dim" }, _("%(left)s more lines are not shown.", { left })) : null));
}

function page({ into, bytes }, rest, paper) {
  const pane = make("div", { class: "paper-pane", tabindex: "0" }, paper);
  if (rest) pane.append(make("p", { class: "preview-rest" }, _("The first %(size)s of %(size2)s. Download it to see all.", { size: size(MOST_BYTES), size2: size(bytes) })));
  into(pane);
  pane.focus();
}

async function read({ url, bytes }) {
  const rest = bytes > MOST_BYTES;
  const answer = await fetch(url, { headers: rest ? { Range: `bytes=0-${MOST_BYTES - 1}` } : {} });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return { text: new TextDecoder().decode(await answer.arrayBuffer()), rest };
}

const loaded = new Map();

function load(src) {
  if (!loaded.has(src)) {
    loaded.set(src, new Promise((resolve, reject) => document.head.append(make("script", { src, onload: resolve, onerror: reject }))));
  }
  return loaded.get(src);
}

// RFC 4180, and what spreadsheets make of it: semicolons or tabs between, quotes doubled inside quotes.
export function parse(text, given) {
  const first = text.slice(0, text.indexOf("\n") + 1 || undefined);
  const between = given ?? [",", ";", "\t"].reduce((best, one) => (first.split(one).length > first.split(best).length ? one : best));
  const lines = [[]];
  let [cell, quoted] = ["", false];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (quoted && letter === '"' && text[at + 1] === '"') [cell, at] = [cell + '"', at + 1];
    else if (letter === '"' && (quoted || !cell)) quoted = !quoted;
    else if (!quoted && letter === between) cell = void lines.at(-1).push(cell) ?? "";
    else if (!quoted && letter === "\n") {
      lines.at(-1).push(cell.replace(/\r$/, ""));
      lines.push([]);
      cell = "";
    } else cell += letter;
  }
  if (cell || lines.at(-1).length) lines.at(-1).push(cell);
  else lines.pop();
  return lines.length ? lines : [[""]];
}
