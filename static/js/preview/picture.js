// A picture: fitted, then larger by steps, moved by scrolling.

import { make } from "../dom.js";

const STEPS = [1, 1.5, 2, 3, 4, 6, 8];

export async function showPicture({ url, name, into, shown }) {
  const picture = make("img", { src: url, alt: name, draggable: false });
  await picture.decode();
  const frame = make("div", { class: "picture-frame" }, picture);
  into(frame);
  const fitted = picture.getBoundingClientRect().width;
  let at = 0;
  shown.zoom = (by) => {
    at = by ? Math.max(0, Math.min(STEPS.length - 1, at + by)) : 0;
    shown.isZoomed = at > 0;
    frame.classList.toggle("zoomed", at > 0);
    picture.style.width = at ? `${fitted * STEPS[at]}px` : "";
    frame.scrollTo((frame.scrollWidth - frame.clientWidth) / 2, (frame.scrollHeight - frame.clientHeight) / 2);
  };
  picture.addEventListener("dblclick", () => shown.zoom(at ? 0 : 2));
}
