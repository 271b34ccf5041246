// The transfers of this page, a few at once, in the order they came.

import { Transfer } from "./transfer.js";

const AT_ONCE = 3;
const transfers = [];
let listeners = [];

export const all = () => transfers;
export const unfinished = () => transfers.filter((one) => one.isOpen);
export const onChange = (listener) => listeners.push(listener);

// Calls once a frame for all that changed meanwhile.
export function onFrame(show) {
  let due = false;
  onChange(() => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      show();
    });
  });
}

// items: { file, parent, onConflict }
export function add(items) {
  for (const item of items) transfers.push(new Transfer(item, changed));
  for (const listener of listeners) listener(null);
  fill();
}

export function pauseAll() {
  for (const one of unfinished()) one.pause();
}

export function resumeAll() {
  for (const one of transfers) if (one.state === "paused") one.state = "waiting";
  fill();
}

export function retry(one) {
  one.state = "waiting";
  fill();
  changed(one);
}

export function retryAll() {
  for (const one of transfers) if (one.state === "failed") retry(one);
}

export function forget() {
  for (let at = transfers.length - 1; at >= 0; at -= 1) if (!transfers[at].isOpen) transfers.splice(at, 1);
  for (const listener of listeners) listener(null);
}

function changed(one) {
  if (one.state !== "sending") fill();
  for (const listener of listeners) listener(one);
}

function fill() {
  const free = AT_ONCE - transfers.filter((one) => one.state === "sending").length;
  for (const one of transfers.filter((each) => each.state === "waiting").slice(0, Math.max(0, free))) one.start();
}
