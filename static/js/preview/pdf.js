// A PDF, drawn by pdf.js page by page as it is scrolled: what people store never runs in our origin.

import { make } from "../dom.js";
import { _ } from "../gettext.js";

const MOST_PIXELS = 12_000_000; // of one page's drawing
const AHEAD = "800px";

export async function showPdf({ url, name, into, shown }) {
  const pdfjs = await import("../../vendor/pdfjs/pdf.min.mjs");
  pdfjs.GlobalWorkerOptions.workerSrc = document.body.dataset.pdfWorker;
  const loading = pdfjs.getDocument({ url, withCredentials: true, enableXfa: false, disableAutoFetch: true });
  shown.stop = () => loading.destroy();
  const file = await loading.promise;
  const pages = make("div", { class: "pdf-pages", tabindex: "0", role: "document", "aria-label": _("%(name)s, %(numPages)s pages", { name, numPages: file.numPages }) });
  into(pages);
  let scale = 1;
  const first = (await file.getPage(1)).getViewport({ scale: 1 });
  const width = () => Math.min(pages.clientWidth - 32, 920) * scale;
  const sheets = Array.from({ length: file.numPages }, (_, place) => make("div", { class: "pdf-page", "data-page": String(place + 1) }));
  pages.append(...sheets);

  const draw = async (sheet) => {
    const page = await file.getPage(Number(sheet.dataset.page));
    const plain = page.getViewport({ scale: 1 });
    const wanted = (width() / plain.width) * Math.min(devicePixelRatio, 2);
    const viewport = page.getViewport({ scale: Math.min(wanted, Math.sqrt(MOST_PIXELS / (plain.width * plain.height))) });
    const canvas = make("canvas", { width: Math.floor(viewport.width), height: Math.floor(viewport.height), role: "img" });
    await page.render({ canvas, canvasContext: canvas.getContext("2d"), viewport }).promise;
    const words = (await page.getTextContent()).items.map((item) => item.str).join(" ");
    canvas.setAttribute("aria-label", _("Page %(page)s: %(words)s", { page: sheet.dataset.page, words: words.slice(0, 2000) }));
    fit(sheet, plain);
    sheet.replaceChildren(canvas);
  };
  const fit = (sheet, plain) => {
    sheet.style.width = `${width()}px`;
    sheet.style.height = `${(width() * plain.height) / plain.width}px`;
  };
  const seen = new IntersectionObserver((found) => {
    for (const one of found) {
      if (!one.isIntersecting) one.target.replaceChildren(); // far pages give their memory back
      else if (!one.target.firstChild) draw(one.target);
    }
  }, { root: pages, rootMargin: AHEAD });
  const layOut = () => {
    for (const sheet of sheets) {
      fit(sheet, first);
      sheet.replaceChildren();
      seen.unobserve(sheet);
      seen.observe(sheet);
    }
  };
  shown.zoom = (by) => {
    scale = by ? Math.max(0.5, Math.min(3, scale + by * 0.25)) : 1;
    layOut();
  };
  layOut();
  pages.focus();
}
