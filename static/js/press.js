// A press is for what it met. Whatever draws that anew without being asked waits until it is let go, or no click comes.

const CLICK_MS = 50; // a finger's click comes a moment after it has left
const LONGEST_MS = 10_000; // of a scroll bar nobody tells that it was let go
let letGo = Promise.resolve();

document.addEventListener("pointerdown", () => {
  letGo = new Promise((resolve) => {
    setTimeout(resolve, LONGEST_MS);
    for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(resolve, CLICK_MS), { once: true });
  });
}, true);

export const released = () => letGo;
