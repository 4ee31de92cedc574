"use strict";

// Under each figure and table, buttons that save it as it is seen: figures as PNG and SVG, what has rows as CSV; and the
// code that puts the map into the page of someone else.
(function () {
  const SVG = "http://www.w3.org/2000/svg";
  const FIGURES = ".frame, ul.plot, ul.smalls, figure:not(.frame figure)";
  const LEFT_OUT = "button, input, select, textarea, noscript, .take, .leaflet-control-zoom, .visually-hidden, #keyboard";
  const PAINT = [
    "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap",
    "opacity", "paint-order", "font-family", "font-size", "font-weight", "text-anchor", "dominant-baseline",
  ];
  const SHARPNESS = 2;
  const MARGIN = 12;
  const said = document.body.dataset;
  const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));

  /** @param {string} tag @param {Object<string, string | number>} attributes @returns {SVGElement} */
  function drawn(tag, attributes) {
    const made = document.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, String(value)));
    return /** @type {SVGElement} */ (made);
  }

  /** @param {Element} element @param {Element} copy */
  function paint(element, copy) {
    const style = getComputedStyle(element);
    PAINT.forEach((name) => copy.setAttribute(name, style.getPropertyValue(name)));
    copy.removeAttribute("class");
  }

  // A drawing with the look that its style sheet gives it; what it draws of another one is put in its place. The base
  // beneath it stays out: it is a file of its own.
  /** @param {SVGSVGElement} svg @returns {SVGElement} */
  function copied(svg) {
    const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
    const parts = Array.from(copy.querySelectorAll("*"));
    Array.from(svg.querySelectorAll("*")).forEach(function (element, place) {
      const used = element instanceof SVGUseElement && document.querySelector(element.getAttribute("href") || "use:not(use)");
      const part = used ? /** @type {Element} */ (used.cloneNode(true)) : parts[place];
      paint(element, part);
      if (used) {
        part.removeAttribute("id");
        parts[place].replaceWith(part);
      }
    });
    copy.querySelectorAll("image").forEach((image) => image.remove());
    copy.removeAttribute("class");
    copy.removeAttribute("style");
    return copy;
  }

  // The lines of a text, each where it stands.
  /** @param {Text} text @param {CSSStyleDeclaration} style @returns {SVGElement[]} */
  function written(text, style) {
    /** @type {{ line: string, box: DOMRect }[]} */
    const lines = [];
    for (const { 0: word, index } of text.data.matchAll(/[^ \n\t]+/g)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const box = range.getBoundingClientRect();
      const last = lines[lines.length - 1];
      if (last && Math.abs(last.box.top - box.top) < 2) {
        last.line += " " + word;
        last.box.width = box.right - last.box.left;
      } else if (box.width) {
        lines.push({ line: word, box: box });
      }
    }
    pen.font = style.font;
    const ascent = pen.measureText("x").fontBoundingBoxAscent;
    return lines.map(function ({ line, box }) {
      const made = drawn("text", {
        x: box.left, y: box.top + ascent, textLength: box.width, lengthAdjust: "spacingAndGlyphs", fill: style.color,
        "font-family": style.fontFamily, "font-size": style.fontSize, "font-weight": style.fontWeight,
        ...(style.textShadow === "none" ? {} : { stroke: "#fff", "stroke-width": 3, "paint-order": "stroke" }),
      });
      made.textContent = style.textTransform === "uppercase" ? line.toUpperCase() : line;
      return made;
    });
  }

  // An element and what it holds, from below to above. Pictures of other sites, such as tiles, are not taken along.
  /** @param {Element} element @param {SVGElement} onto */
  function draw(element, onto) {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const place = { x: box.left, y: box.top, width: box.width, height: box.height };
    if (style.display === "none" || style.visibility === "hidden" || element.matches(LEFT_OUT) || element instanceof HTMLImageElement) {
      return;
    }
    if (element instanceof SVGSVGElement) {
      const copy = copied(element);
      Object.entries(place).forEach(([name, value]) => copy.setAttribute(name, String(value)));
      onto.append(copy);
      return;
    }
    if (element instanceof HTMLCanvasElement) {
      onto.append(drawn("image", { ...place, href: element.toDataURL() }));
      return;
    }
    if (!/^rgba\(.*, 0\)$|^transparent$/.test(style.backgroundColor)) {
      onto.append(drawn("rect", { ...place, fill: style.backgroundColor }));
    }
    const cut = style.overflowX === "hidden";
    const inner = cut ? drawn("svg", { ...place, viewBox: [box.left, box.top, box.width, box.height].join(" ") }) : onto;
    if (cut) {
      onto.append(inner);
    }
    const height = (child) => (child instanceof Element ? Number(getComputedStyle(child).zIndex) || 0 : 0);
    Array.from(element.childNodes)
      .sort((one, other) => height(one) - height(other))
      .forEach(function (child) {
        if (child instanceof Text) {
          inner.append(...written(child, style));
        } else if (child instanceof Element) {
          draw(child, inner);
        }
      });
  }

  // A figure under its title, above the name of its page.
  /** @param {Element} figure @param {string} title @returns {SVGElement} */
  function pictureOf(figure, title) {
    const { left, top, width, height } = figure.getBoundingClientRect();
    const origin = /^https?:$/.test(location.protocol) ? " – " + location.href.split("#")[0] : "";
    const [wide, high] = [width + 2 * MARGIN, height + 68];
    const [west, north] = [left - MARGIN, top - 40];
    const whole = drawn("svg", { xmlns: SVG, width: wide, height: high, viewBox: [west, north, wide, high].join(" ") });
    whole.append(drawn("rect", { x: west, y: north, width: wide, height: high, fill: "#fff" }));
    const defs = drawn("defs", {});
    document.querySelectorAll("pattern").forEach((pattern) => defs.append(pattern.cloneNode(true)));
    whole.append(defs);
    const font = getComputedStyle(document.body).fontFamily;
    [[title, north + 26, 17, "bold"], [document.title + origin, top + height + 18, 11, "normal"]].forEach(function ([text, y, size, weight]) {
      pen.font = weight + " " + size + "px " + font;
      const fits = Math.min(1, width / pen.measureText(String(text)).width);
      const line = drawn("text", { x: left, y: y, "font-family": font, "font-size": Number(size) * fits, "font-weight": weight, fill: "#1e1e2a" });
      line.textContent = String(text);
      whole.append(line);
    });
    draw(figure, whole);
    return whole;
  }

  /** @param {string} name @param {Blob} content */
  function save(name, content) {
    const address = URL.createObjectURL(content);
    Object.assign(document.createElement("a"), { href: address, download: name }).click();
    URL.revokeObjectURL(address);
  }

  /** @param {SVGElement} svg @param {(png: Blob) => void} done */
  function rasterise(svg, done) {
    const picture = new Image();
    picture.onload = function () {
      const canvas = document.createElement("canvas");
      canvas.width = SHARPNESS * picture.width;
      canvas.height = SHARPNESS * picture.height;
      canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((made) => made && done(made));
    };
    picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(svg));
  }

  // Rows as they are seen: no cell begins like a formula, and figures are written as spreadsheets read them.
  /** @param {Element} figure @returns {string[][]} */
  function rowsOf(figure) {
    const table = figure.querySelector("table");
    const rows = table
      ? Array.from(table.rows, (row) => Array.from(row.cells).filter((cell) => !cell.hidden))
      : Array.from(figure.querySelectorAll("li"), (row) =>
          [".area", ".value strong", ".value small"].map((part) => /** @type {HTMLElement | null} */ (row.querySelector(part))));
    return rows.map((row) => row.map((cell) => (cell?.innerText || "").replace(/[ \n\t]+/g, " ").trim()));
  }

  /** @param {string[][]} rows */
  function csv(rows) {
    const cell = function (text) {
      const plain = text.replace(/(\d)\u202f(?=\d)/g, "$1").replace(/^\u2212(?=\d)/, "-");
      const safe = /^[=+\-@\t\r]/.test(plain) && !/^-[\d,.]+$/.test(plain) ? "'" + plain : plain;
      return '"' + safe.replace(/"/g, '""') + '"';
    };
    return new Blob(["\ufeff" + rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n"], { type: "text/csv" });
  }

  /** @param {Element} figure */
  function offer(figure) {
    const isTable = figure.matches(".scroll");
    // The title of the figure is that of the page where it answers the theme of the page, else that of its section.
    const heading = () =>
      (isTable && figure.getAttribute("aria-label")) ||
      (figure.matches(".frame") && document.querySelector("#headline")?.textContent) ||
      figure.closest("section")?.querySelector("h2, h3")?.textContent ||
      document.querySelector("h1")?.textContent || document.title;
    const stem = () => heading().normalize("NFD").replace(/[^\w]+/g, "-").slice(0, 60).toLowerCase().replace(/^-|-$/g, "");
    const svg = () => pictureOf(figure, heading());
    /** @type {Object<string, () => void>} */
    const kinds = {
      PNG: () => rasterise(svg(), (png) => save(stem() + ".png", png)),
      SVG: () => save(stem() + ".svg", new Blob([new XMLSerializer().serializeToString(svg())], { type: "image/svg+xml" })),
      CSV: () => save(stem() + ".csv", csv(rowsOf(figure))),
    };
    const wanted = isTable ? ["CSV"] : figure.matches(".plot") ? ["PNG", "SVG", "CSV"] : ["PNG", "SVG"];
    const line = Object.assign(document.createElement("p"), { className: "take" });
    wanted.forEach(function (kind) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: kind });
      button.setAttribute("aria-label", kind + " – " + String(said.take) + " – " + heading());
      button.addEventListener("click", kinds[kind]);
      line.append(button, " ");
    });
    // Beside a list or a table, inside what is a cell of a grid.
    if (figure.matches("ul, .scroll")) {
      figure.after(line);
    } else {
      figure.append(line);
    }
  }

  // The address of the map alone: as it is published, or beside this page; nowhere while the page is a file.
  function embed() {
    const part = /** @type {HTMLDetailsElement | null} */ (document.querySelector("#embed"));
    const code = part?.querySelector("textarea");
    const address = part?.dataset.address || (/^https?:$/.test(location.protocol) ? new URL("embed.html", location.href).href : "");
    if (!part || !code || !address) {
      return;
    }
    part.hidden = false;
    part.addEventListener("toggle", function () {
      const whole = address.split("#")[0] + location.hash;
      code.value = String(part.dataset.code).replace("{src}", whole.replace(/&/g, "&amp;").replace(/"/g, "&quot;"));
      code.select();
    });
  }

  Array.from(document.querySelectorAll(FIGURES + ", .scroll:has(table)")).forEach(offer);
  embed();
})();
