// The cluster's page: news every few seconds, the deeds of its nodes, and how long the copies will take.

import { call, part } from "./api.js";
import { waken } from "./charts.js";
import { confirm, ask } from "./dialogs.js";
import { _ } from "./gettext.js";
import * as menu from "./menu.js";
import { page } from "./page.js";
import { released } from "./press.js";
import { redraw } from "./redraw.js";
import { announce, orSay, toast } from "./toast.js";
import { localise, localised, percent, size, things, timeLeft } from "./words.js";
import { bar, fill } from "./upload/bar.js";

const BOARD_MS = 5000;
const CHARTS_MS = 60_000;
let most = 0; // pieces that were left when it began, as far as this page has seen
let boardTimer = null;
let chartsAt = 0;

const isHere = () => page().dataset.place === "cluster";
const card = (id) => document.querySelector(`.node[data-node="${id}"]`);

export function shown() {
  clearTimeout(boardTimer);
  if (!isHere()) return;
  [most, chartsAt] = [0, Date.now()];
  dress();
  waken(document.getElementById("charts"));
  boardTimer = setTimeout(look, BOARD_MS);
}

async function look() {
  if (!isHere()) return;
  if (document.visibilityState === "visible") {
    try {
      await refreshBoard();
      if (Date.now() - chartsAt > CHARTS_MS) await refreshCharts(currentSpan());
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      stale();
    }
  }
  clearTimeout(boardTimer);
  boardTimer = setTimeout(look, BOARD_MS);
}

async function refreshBoard() {
  const fresh = await part("/cluster?part=board");
  await released();
  const board = document.getElementById("board");
  if (!fresh || !board || menu.isOpen()) return;
  const said = board.querySelector("h1").textContent;
  redraw(board, fresh, dress);
  const verdict = board.querySelector("h1").textContent;
  if (verdict !== said) announce(verdict);
}

const currentSpan = () => document.querySelector('.spans [aria-current="true"]').dataset.span;

export async function showSpan(link) {
  for (const other of document.querySelectorAll(".spans a")) other.toggleAttribute("aria-current", false);
  link.setAttribute("aria-current", "true");
  await refreshCharts(link.dataset.span);
}

async function refreshCharts(span) {
  const fresh = await part(`/cluster?part=charts&span=${span}`);
  chartsAt = Date.now();
  if (!fresh) return;
  localise(fresh);
  const charts = document.getElementById("charts");
  if (!charts) return;
  const told = [...charts.querySelectorAll(".plot")].map((plot) => plot.dataset.tells);
  redraw(charts, fresh, () => waken(charts, told));
}

function dress() {
  const board = document.getElementById("board");
  for (const element of board.querySelectorAll(".needs-script")) element.hidden = false;
  localise(board);
  for (const words of board.querySelectorAll(".problem h2, .problem .outlook")) words.textContent = localised(words.textContent);
  for (const time of board.querySelectorAll("time[data-clock]")) time.textContent = clock(new Date(time.dateTime));
  for (const left of board.querySelectorAll("[data-seconds-left]")) left.textContent = `, ${timeLeft(Number(left.dataset.secondsLeft))}`;
  const live = board.querySelector(".live");
  live.querySelector(".live-words").textContent = _("Live, %(time)s", { time: clock(new Date(live.dataset.at), true) });
  showRepair(board.querySelector("#repair"));
}

function stale() {
  const live = document.querySelector(".live");
  live?.classList.add("stale");
  if (live) live.querySelector(".live-words").textContent = _("No news: the gateway does not answer");
}

function clock(date, withSeconds = false) {
  return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...(withSeconds ? { second: "2-digit" } : {}) });
}

// When the rest will be copied, as the gateway reckons it, and how much of all that this page has seen waiting.
function showRepair(repair) {
  most = repair ? Math.max(most, Number(repair.dataset.left)) : 0;
  if (!repair) return;
  const left = Number(repair.dataset.left);
  const drawn = bar();
  repair.querySelector(".repair-bar").replaceChildren(drawn);
  fill(drawn, 1 - left / most, _("%(most)s copied", { most: percent(most - left, most) }), left > 0);
  const time = repair.querySelector("[data-time-left]");
  if (!time) return;
  const seconds = Number(time.dataset.timeLeft);
  time.textContent = timeLeft(seconds);
  repair.querySelector(".repair-end").textContent = _("done about %(wait)s", { wait: clock(new Date(Date.now() + seconds * 1000)) });
}

const NODE_DEEDS = {
  risk: { label: _("What if it fails?"), icon: "zap" },
  check: { label: _("Check its copies now"), icon: "shield-check" },
  activate: { label: _("Take it into use"), icon: "play" },
  drain: { label: _("Empty it…"), icon: "arrow-right", apart: true },
  retire: { label: _("Retire it…"), icon: "power", danger: true },
};

function deedsOf(duty) {
  const names = duty === "active" ? ["risk", "check", "drain"] : ["risk", "check", "activate", "drain", "retire"];
  return names.map((name) => ({ name, ...NODE_DEEDS[name] }));
}

const QUESTIONS = {
  drain: (name) => ({
    title: _("Empty %(name)s?", { name }), verb: _("Empty %(name)s", { name }),
    words: _("It takes nothing new. What it holds is copied to other nodes first and checked there; then %(name)s can be retired. Every file opens meanwhile, and you can take it into use again.", { name }),
  }),
  retire: (name) => ({
    title: _("Retire %(name)s?", { name }), verb: _("Retire %(name)s", { name }), danger: true,
    words: _("%(name)s is asked for nothing any more, and its disk can be taken out. This is refused while it holds a copy that somebody needs.", { name }),
  }),
};
const DONE = {
  activate: (name) => _("%(name)s is in use.", { name }),
  drain: (name) => _("%(name)s is being emptied.", { name }),
  retire: (name) => _("%(name)s is retired.", { name }),
  check: (name) => _("Every copy on %(name)s is read and checked again.", { name }),
};

async function change(id, name, deed) {
  const question = QUESTIONS[deed]?.(name);
  if (question && !(await confirm(question))) return;
  await call("POST", `/api/v1/nodes/${id}/${deed === "check" ? "scrub" : deed}`);
  toast(DONE[deed](name));
  await refreshBoard();
  card(id)?.querySelector("[data-deed]")?.focus();
}

async function tellRisk(id, name) {
  const told = await part(`/cluster/nodes/${id}/risk`);
  if (told) await ask({ title: _("If %(name)s failed now", { name }), body: told.firstElementChild, verb: _("Close"), cancel: null, decide: async () => true });
}

export const deeds = {
  "node-menu"(button) {
    const { node, name, duty } = button.closest(".node").dataset;
    menu.show(deedsOf(duty), button, (deed) => orSay(() => (deed.name === "risk" ? tellRisk(node, name) : change(node, name, deed.name))));
  },

  "node-drain"(button) {
    const name = button.dataset.nodeName;
    const found = [...document.querySelectorAll(".node")].find((one) => one.dataset.name === name);
    return change(found.dataset.node, name, "drain");
  },

  async "check-all"() {
    const nodes = [...document.querySelectorAll(".node")].map((one) => one.dataset.node);
    for (const node of nodes) await call("POST", `/api/v1/nodes/${node}/scrub`);
    toast(_("Every copy on %(things)s is read and checked again, at the usual pace.", { things: things(nodes.length, "node") }));
    await refreshBoard();
  },

  async "even-out"() {
    const outlook = await call("POST", "/api/v1/nodes/rebalance");
    toast(outlook.waits_for ? _("Nothing moves yet: %(waits_for)s", { waits_for: outlook.waits_for }) : _("%(size)s move to emptier nodes.", { size: size(outlook.bytes_left) }));
  },
};
