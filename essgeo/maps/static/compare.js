"use strict";

// Two areas side by side: maps that move together, whiskers in pairs, and two columns of the table. Without this script
// the table shows every area.
(function () {
  const table = /** @type {HTMLTableElement} */ (document.getElementById("compare"));
  const status = /** @type {HTMLElement} */ (document.getElementById("compare-status"));
  const choice = /** @type {HTMLFormElement} */ (document.getElementById("compare-choice"));
  const heads = areasOf(table.rows[0]);
  const codes = heads.map((head) => String(head.dataset.area));
  const names = heads.map((head) => head.querySelector("bdi")?.textContent);
  const selects = ["a", "b"].map((side) => /** @type {HTMLSelectElement} */ (document.getElementById("compare-" + side)));
  if (codes.length < 2) {
    return;
  }

  /** @param {HTMLTableRowElement} row @returns {HTMLTableCellElement[]} */
  function areasOf(row) {
    return Array.from(row.querySelectorAll("[data-area]"));
  }

  const { register, study } = window.essgeoData;
  const { layers, coverage, plot } = study;
  const SVG = "http://www.w3.org/2000/svg";
  const fingers = window.matchMedia("(pointer: coarse)").matches;
  const theme = /** @type {HTMLSelectElement} */ (document.getElementById("compare-theme"));
  const sides = ["a", "b"].map(function (side) {
    const part = (name) => /** @type {HTMLElement} */ (document.getElementById("compare-" + name + "-" + side));
    return { box: part("map"), names: [part("name"), part("key")], fills: L.layerGroup(), renderer: L.canvas({ pane: "fills" }), outline: L.layerGroup(), places: L.layerGroup() };
  });

  // Columns of the register, as its file packs them: steps between positions, and the place of each value.
  const summed = (steps) => steps.map(((total) => (step) => (total += step))(0)).map((value) => value / 1e5);
  const [latitude, longitude] = [summed(register.latitude), summed(register.longitude)];

  /** @param {string} name @param {number} row */
  function valueOf(name, row) {
    const column = register.columns[name];
    const { values, places } = Array.isArray(column) ? { values: column, places: [] } : column;
    const place = typeof places === "string" ? register.alphabet.indexOf(places[row]) : places ? places[row] : 0;
    return Array.isArray(column) ? column[row] : values[place];
  }

  const offers = (row) =>
    valueOf("counted", row) &&
    (theme.value === "all" || ["sectors", "challenges"].some((name) => [valueOf(name, row)].flat().includes(theme.value)));

  // The colour of an IRIS as on the other maps: paler where its share is not sure, none where it is not known.
  function filled(iris) {
    const id = iris?.properties.id;
    const place = coverage.themes.indexOf(theme.value);
    const share = coverage.shares[id] ? coverage.shares[id][place] : null;
    const [low, high] = share === null ? [null, null] : coverage.ends[id][place];
    const width = low === null ? 0 : (high - low) / 100;
    const [unsure, unknown] = coverage.unsure;
    const { breaks, first } = coverage.classes[theme.value];
    const colour = study.colours[first + breaks.filter((bound) => share < bound).length];
    const shown = share !== null && plot[theme.value] && width < unknown;
    return { color: "#8a6d4b", weight: 0.6, fillColor: shown ? colour : "#fff", fillOpacity: shown && width >= unsure ? 0.5 : 1 };
  }

  const outlined = (name, style) => L.geoJSON(layers[name], { style: { fill: false, ...style }, interactive: false });

  const maps = sides.map(function ({ box, fills, outline, places }) {
    const made = L.map(box, {
      attributionControl: false, scrollWheelZoom: false, dragging: !fingers, zoomAnimation: false, inertia: false,
      zoomControl: false, zoomSnap: 0.25, preferCanvas: true,
    });
    L.control.zoom({ zoomInTitle: study.texts.zoom_in, zoomOutTitle: study.texts.zoom_out }).addTo(made);
    L.control.scale({ imperial: false }).addTo(made);
    made.createPane("fills").style.zIndex = "390";
    const { communes, qpv } = study.strokes;
    Ground.prepare(made);
    Ground.stations().forEach(({ dot }) => dot.addTo(made));
    Ground.read().then(({ shapes }) => Ground.tiles(shapes).forEach((layer) => layer.addTo(made)));
    [fills, outlined("communes", { color: communes.colour, weight: communes.width, dashArray: communes.dash }),
      outlined("qpv", { color: qpv.colour, weight: 1 }), outline, places].forEach((layer) => layer.addTo(made));
    return made.on("click", () => made.dragging.enable());
  });
  let moving = false;
  let shift = [0, 0];

  maps.forEach(function (one, place) {
    one.on("move", function () {
      if (!moving) {
        const { lat, lng } = one.getCenter();
        const way = place ? -1 : 1;
        moving = true;
        maps[1 - place].setView([lat + way * shift[0], lng + way * shift[1]], one.getZoom(), { animate: false });
        moving = false;
      }
    });
  });

  function paint() {
    const rows = latitude.map((_, row) => row).filter(offers);
    sides.forEach(function ({ fills, places, renderer }) {
      fills.clearLayers().addLayer(L.geoJSON(layers.iris, { style: filled, interactive: false, pane: "fills", renderer: renderer }));
      places.clearLayers();
      rows.forEach((row) =>
        places.addLayer(L.circleMarker([latitude[row], longitude[row]], { radius: 3, color: "#fff", weight: 1, fillColor: "#111", fillOpacity: 1, interactive: false }))
      );
      maps.forEach((map) => map.eachLayer((layer) => layer instanceof L.Path && !layer.options.fill && layer.bringToFront()));
    });
  }

  // Both at the scale that shows the larger one; each keeps its own middle.
  function locate(chosen) {
    const bounds = chosen.map(function (code, place) {
      const features = [...layers.neighbourhoods.features, ...layers.qpv.features].filter((one) => one.properties.id === code);
      const drawn = L.geoJSON(/** @type {any} */ ({ type: "FeatureCollection", features: features }), {
        style: { color: study.strokes.neighbourhoods.colour, weight: 4, fill: false }, interactive: false,
      });
      sides[place].outline.clearLayers().addLayer(drawn);
      sides[place].names.forEach((name) => (name.textContent = names[codes.indexOf(code)] || ""));
      sides[place].box.setAttribute("aria-label", choice.dataset.map + " – " + names[codes.indexOf(code)]);
      maps[place].invalidateSize({ animate: false });
      return drawn.getBounds();
    });
    if (!maps[0].getSize().x) {
      return;
    }
    const zoom = Math.min(...maps.map((map, place) => map.getBoundsZoom(bounds[place].pad(0.4))));
    const [first, second] = bounds.map((one) => one.getCenter());
    shift = [second.lat - first.lat, second.lng - first.lng];
    maps[0].setView(first, zoom, { animate: false });
  }

  /** @param {string} tag @param {Object<string, string | number>} attributes @param {Node[]} [children] */
  function drawn(tag, attributes, children) {
    const made = document.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, String(value)));
    made.append(...(children || []));
    return made;
  }

  function whisker({ share, low, high }, order, y) {
    const at = (value) => 100 * value + "%";
    return drawn("g", { class: order }, [
      drawn("line", { class: "range", x1: at(low), x2: at(high), y1: y, y2: y }),
      drawn("circle", { class: "mean", cx: at(share), cy: y, r: 6 }),
    ]);
  }

  // The shares of both areas, line by line, in pairs.
  function pairs(chosen) {
    const section = /** @type {HTMLElement} */ (document.getElementById("compare-plot"));
    section.querySelectorAll("h3, ul").forEach((part) => part.remove());
    Array.from(table.tBodies).forEach(function (body) {
      const list = document.createElement("ul");
      list.className = "plot";
      Array.from(body.rows).forEach(function (row) {
        const cells = chosen.map((code) => row.querySelector('[data-area="' + code + '"]'));
        if (!cells.every((cell) => cell && cell.dataset.share)) {
          return;
        }
        const line = document.createElement("li");
        const parts = ["area", "value"].map((name) => Object.assign(document.createElement("span"), { className: name }));
        parts[0].textContent = row.cells[0].textContent;
        parts[1].textContent = cells.map((cell) => cell.querySelector("strong").textContent).join(" / ");
        const axis = [13, 35].map((y) => drawn("line", { class: "axis", x1: 0, x2: "100%", y1: y, y2: y }));
        const whiskers = cells.map((cell, place) => whisker(cell.dataset, place ? "second" : "first", place ? 35 : 13));
        line.append(parts[0], drawn("svg", { class: "whisker", width: "100%", height: 48, "aria-hidden": "true" }, [...axis, ...whiskers]), parts[1]);
        list.append(line);
      });
      if (list.children.length) {
        const heading = Object.assign(document.createElement("h3"), { textContent: body.rows[0].textContent });
        section.append(heading, list);
      }
    });
    section.hidden = false;
  }

  // Also in the query, for links that other pages write.
  function read() {
    const given = [window.location.hash, window.location.search].map((text) => new URLSearchParams(text.slice(1)));
    const about = given.map((one) => one.get("theme") || "").find((code) => coverage.themes.includes(code));
    theme.value = about || theme.options[0].value;
    const asked = ["a", "b"].map((name) => given.map((one) => one.get(name) || "").find((code) => codes.includes(code)));
    const first = asked[0] || codes.filter((code) => code !== asked[1])[0];
    const second = asked[1] && asked[1] !== first ? asked[1] : codes.filter((code) => code !== first)[0];
    return [first, second];
  }

  /** @param {string[]} chosen */
  function write(chosen) {
    const given = new URLSearchParams(window.location.hash.includes("=") ? window.location.hash.slice(1) : "");
    ["a", "b"].forEach((name, place) => given.set(name, chosen[place]));
    if (theme.selectedIndex) {
      given.set("theme", theme.value);
    } else {
      given.delete("theme");
    }
    window.history.replaceState(null, "", "#" + given.toString().replace(/%2F/g, "/").replace(/%2C/g, ","));
  }

  /** @param {HTMLTableRowElement} row @param {string[]} chosen */
  function judge(row, chosen) {
    const verdict = /** @type {HTMLTableCellElement} */ (row.querySelector("td.verdict"));
    const [one, other] = chosen.map((code) => Object.assign({}, areasOf(row).find((cell) => cell.dataset.area === code)?.dataset));
    const told = one.low !== undefined && other.low !== undefined;
    const same = told && one.low === other.low && one.high === other.high;
    const apart = told && (Number(one.low) > Number(other.high) || Number(other.low) > Number(one.high));
    verdict.hidden = false;
    verdict.textContent = (told && verdict.dataset[same ? "same" : apart ? "yes" : "no"]) || "";
  }

  /** @param {string[]} chosen */
  function show(chosen) {
    Array.from(table.rows).forEach(function (row) {
      const cells = areasOf(row);
      if (!cells.length) {
        row.cells[0].colSpan = 4;
        return;
      }
      cells.forEach((cell) => (cell.hidden = !chosen.includes(String(cell.dataset.area))));
      const ordered = chosen.flatMap((code) => cells.filter((cell) => cell.dataset.area === code));
      row.cells[0].after(...ordered);
      if (row.parentNode === table.tHead) {
        row.querySelector("th.verdict")?.removeAttribute("hidden");
      } else {
        judge(row, chosen);
      }
    });
    selects.forEach((select, place) => (select.value = chosen[place]));
    pairs(chosen);
    locate(chosen);
  }

  // Choosing on one side what stands on the other exchanges them.
  /** @param {number} place */
  function choose(place) {
    const chosen = selects.map((select) => select.value);
    if (chosen[0] === chosen[1]) {
      chosen[1 - place] = shown[place];
    }
    shown = chosen;
    show(chosen);
    write(chosen);
    const said = { first: names[codes.indexOf(chosen[0])], second: names[codes.indexOf(chosen[1])] };
    status.textContent = String(status.dataset.text).replace(/\{(\w+)\}/g, (whole, name) => said[name] || whole);
  }

  selects.forEach(function (select, place) {
    const groups = new Map();
    heads.forEach(function (head, at) {
      const group = head.dataset.group;
      if (!groups.has(group)) {
        groups.set(group, Object.assign(document.createElement("optgroup"), { label: group }));
      }
      groups.get(group).append(new Option(names[at], codes[at]));
    });
    select.append(...groups.values());
    select.addEventListener("change", () => choose(place));
  });
  theme.addEventListener("change", function () {
    paint();
    write(shown);
  });
  let shown = read();
  choice.hidden = false;
  /** @type {HTMLElement} */ (document.getElementById("compare-maps")).hidden = false;
  show(shown);
  paint();
  window.addEventListener("hashchange", function () {
    shown = read();
    show(shown);
    paint();
  });
  // In one file this page is hidden at first, and its maps have no size.
  new ResizeObserver(() => locate(shown)).observe(sides[0].box);
  document.documentElement.dataset.compared = "";
})();
