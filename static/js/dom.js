// Makes elements and the drawings that the scripts need: icons, tablets. Text is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function icon(name, size = 16) {
  return draw("svg", { class: `icon icon-${size}`, "aria-hidden": "true" }, draw("use", { href: `#i-${name}` }));
}

export function tablets(states) {
  const uses = states.map((state, place) => draw("use", { href: `#t-${state}`, x: place * 7, width: 5, height: 12 }));
  return draw("svg", { class: "mark", viewBox: `0 0 ${states.length * 7 - 2} 12`, "aria-hidden": "true" }, ...uses);
}

export function button(label, iconName, onclick, classes = "icon-button small") {
  return make("button", { type: "button", class: classes, "aria-label": label, title: label, onclick }, icon(iconName));
}
