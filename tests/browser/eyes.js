// What can be measured of a page as it is painted. Each function gives a list of sentences, one for each fault.
(() => {
  const number = (text) => text.match(/[\d.]+/g).map(Number);
  const rgba = (text) => {
    const [r, g, b, a = 1] = number(text);
    return text.startsWith("color(srgb") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const ancestors = function* (element) { for (let at = element; at; at = at.parentElement) yield at; };
  const ground = (element) => [...ancestors(element)].reverse().reduce(
    (below, at) => over(rgba(getComputedStyle(at).backgroundColor), below), [255, 255, 255, 1]);
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && !element.closest(".unseen") && element.getBoundingClientRect().width > 0;
  const name = (element) => {
    const text = (element.textContent || element.value || element.placeholder || "").trim().replace(/\s+/g, " ");
    return `<${element.localName}${element.className ? ` class=${element.className}` : ""}> “${text.slice(0, 40)}”`;
  };

  const faint = () => {
    const found = [];
    const judge = (element, colour, what) => {
      const below = ground(element);
      const value = contrast(over(rgba(colour), below), below);
      if (value < 4.5) found.push(`${what} of ${name(element)} has a contrast of ${value.toFixed(2)}`);
    };
    for (const element of document.querySelectorAll("body *")) {
      if (!seen(element) || element.closest("svg")) continue;
      const style = getComputedStyle(element);
      if ([...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) judge(element, style.color, "Text");
      if (element.matches("input:not([type=checkbox], [type=radio]), select")) judge(element, style.color, "Value");
      if (element.placeholder) judge(element, getComputedStyle(element, "::placeholder").color, "Placeholder");
    }
    return found;
  };

  const wide = () => {
    const root = document.documentElement;
    if (root.scrollWidth <= innerWidth) return [];
    const out = [...document.querySelectorAll("body *")].filter((e) => seen(e) && e.getBoundingClientRect().right > innerWidth + 1);
    return [`The page is ${root.scrollWidth} px wide in a window of ${innerWidth}: ${out.slice(0, 3).map(name).join(", ")}`];
  };

  // Buttons and fields that a finger can hit (WCAG 2.2, 2.5.8); a label belongs to its box.
  const small = () => [...document.querySelectorAll("button, select, input, summary, .button")]
    .filter(seen)
    .map((element) => (element.matches("[type=checkbox], [type=radio]") ? element.labels[0] ?? element : element))
    .filter((element) => {
      const { width, height } = element.getBoundingClientRect();
      return width < 24 || height < 24;
    })
    .map((element) => `${name(element)} is too small for a finger`);

  const structure = () => {
    const found = [];
    const count = (selector, wanted) => {
      const number = document.querySelectorAll(selector).length;
      if (number !== wanted) found.push(`${number} × ${selector}, not ${wanted}`);
    };
    if (!document.documentElement.lang) found.push("The page has no language");
    if (!document.title.trim()) found.push("The page has no title");
    for (const one of ["h1", "main", "body > header", "body > footer"]) count(one, 1);
    let level = 0;
    for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
      if (!heading.checkVisibility()) continue;
      const next = Number(heading.localName[1]);
      if (next > level + 1 && level) found.push(`${name(heading)} follows a heading of level ${level}`);
      level = next;
    }
    for (const image of document.querySelectorAll("img:not([alt])")) found.push(`${name(image)} has no alt`);
    for (const frame of document.querySelectorAll("iframe:not([title])")) found.push(`${name(frame)} has no title`);
    for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
      if (!field.labels.length && !field.ariaLabel) found.push(`${name(field)} has no label`);
    }
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) found.push(`The id ${id} is not alone`);
    for (const attribute of ["for", "aria-labelledby", "aria-describedby", "aria-controls"]) {
      for (const element of document.querySelectorAll(`[${attribute}]`)) {
        for (const id of element.getAttribute(attribute).split(/\s+/)) {
          if (!document.getElementById(id)) found.push(`${attribute}=${id} of ${name(element)} leads nowhere`);
        }
      }
    }
    return found;
  };

  // How the element with the focus shows it: its own outline, or that of the label that stands for it.
  const focus = () => {
    const element = document.activeElement;
    if (element === document.body) return "nothing has the focus";
    // The button inside a date field draws a ring of its own; the field then doesn't.
    if (element.type === "date" && !element.matches(":focus-visible")) return "";
    const box = element.getBoundingClientRect();
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    for (const at of [element, ...(element.labels ?? [])]) {
      const style = getComputedStyle(at);
      const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      if (shown && inside && contrast(over(rgba(style.outlineColor), ground(at)), ground(at.parentElement)) >= 3) return "";
    }
    return `${name(element)} doesn't show that it has the focus`;
  };

  return { faint, wide, small, structure, focus };
})()
