// What if: one place more of the theme, wherever it is put, and whom it would bring within reach.
const WhatIf = (function () {
  const { data, words, element, isolated, fill, find, get, load, number, percent } = Dom;
  const { summed } = Register;
  const { map } = Layers;
  const { showReach } = Structures;
  const METRES_A_DEGREE = 111195;
  // Cells are shaded that bring so much of what the best brings.
  /** @type {[number, string][]} */
  const SHADES = [[0.9, "#7b6bd0"], [0.75, "#a99de2"], [0.5, "#d3ccf2"]];
  map.createPane("gains").style.zIndex = "396";
  const renderer = L.canvas({ pane: "gains" });
  const shaded = L.layerGroup();
  let on = false;
  let chosen = "";
  let theme = "";
  let hide = () => {};

  // Cells of the territory with what a place there would bring for the theme.
  function cells() {
    return Promise.all([load("gains", "gains.js"), load("gains_" + theme, "gains-" + theme + ".js")]).then(
      function ([{ ids, latitude, longitude }, gains]) {
        const [lat, lng] = [latitude, longitude].map((steps) => summed(steps).map((value) => value / 1e5));
        const there = ids.map(() => []);
        gains.there.forEach(([cell, name, people]) => there[cell].push([name, people]));
        return ids.map((id, cell) => ({
          id: id,
          centre: L.latLng(lat[cell], lng[cell]),
          newly: gains.newly[cell],
          ends: gains.ends[cell],
          there: there[cell],
        }));
      }
    );
  }

  function bounds({ centre }) {
    const half = data.coverage.cell_m / 2 / METRES_A_DEGREE;
    const wide = half / Math.cos((centre.lat * Math.PI) / 180);
    return L.latLngBounds([centre.lat - half, centre.lng - wide], [centre.lat + half, centre.lng + wide]);
  }

  function shade(all) {
    const best = Math.max(...all.map(({ newly }) => newly));
    shaded.clearLayers();
    all.forEach(function (cell) {
      const found = best > 0 && SHADES.find(([part]) => cell.newly >= part * best);
      if (found) {
        const style = { renderer: renderer, interactive: false, stroke: false, fillColor: found[1], fillOpacity: 1 };
        shaded.addLayer(L.rectangle(bounds(cell), style));
      }
    });
    return best;
  }

  const key = (best) =>
    element("ul", { class: "key" }, SHADES.map(([part, colour]) =>
      element("li", {}, [
        swatch(colour),
        element("span", { text: fill(words.what_if_shade, { newly: number(Math.round(part * best)) }) }),
      ])
    ));

  function swatch(colour) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const box = made.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "rect"));
    Object.entries({ class: "swatch", viewBox: "0 0 26 16", "aria-hidden": "true" }).forEach((one) => made.setAttribute(...one));
    Object.entries({ x: 6, y: 1, width: 14, height: 14, fill: colour }).forEach(([name, value]) => box.setAttribute(name, String(value)));
    return made;
  }

  // What a cell brings, in words, from most to fewest of its neighbourhoods.
  function told(cell, all) {
    const names = data.layers.neighbourhoods.features.map(({ properties }) => properties);
    const ends = fill(words.interval, { low: number(cell.ends[0]), high: number(cell.ends[1]) });
    const asked = { theme: data.labels.themes[theme], minutes: data.minutes, newly: number(cell.newly), interval: ends, level: percent(data.level) };
    const better = all.filter(({ newly }) => newly > cell.newly).length;
    return [
      element("p", { text: fill(words.what_if_gain, asked) }),
      element("ul", {}, cell.there.toSorted((one, other) => other[1] - one[1]).map(([name, people]) =>
        element("li", {}, [
          fill(words.what_if_there, { newly: number(people) }), " ",
          isolated((names.find(({ id }) => id === name) || { title: name }).title),
        ])
      )),
      element("p", { text: fill(words.what_if_rank, { better: number(better), cells: number(all.length) }) }),
    ];
  }

  function draw() {
    hide();
    hide = () => {};
    return cells().then(function (all) {
      if (!on) {
        return;
      }
      const best = shade(all);
      const cell = all.find(({ id }) => id === chosen);
      const note = element("p", { class: "small", text: fill(words.what_if_note, { worlds: number(window.essgeoData.gains.draws) }) });
      const asking = element("p", { text: fill(words.what_if_ask, { minutes: data.minutes }) });
      get("div", "what-if-answer").replaceChildren(...(cell ? told(cell, all) : [asking]));
      get("div", "what-if-key").replaceChildren(key(best), note);
      if (cell) {
        const reach = showReach(cell.centre, [data.minutes]);
        const mark = { renderer: renderer, interactive: false, color: "#3b1d8f", weight: 3, fill: false };
        const outline = L.rectangle(bounds(cell), mark).addTo(map);
        hide = function () {
          reach();
          outline.remove();
        };
      }
    });
  }

  function turn(wanted) {
    if (on === wanted || !find("what-if-start")) {
      return;
    }
    on = wanted;
    chosen = on ? chosen : "";
    get("button", "what-if-start").setAttribute("aria-pressed", String(on));
    get("button", "what-if-start").textContent = on ? words.what_if_stop : words.what_if;
    // Its shades take the place of those of the fill, and of their key.
    /** @type {HTMLElement} */ (map.getPane("residents")).style.display = on ? "none" : "";
    get("div", "shares").hidden = on;
    if (on) {
      shaded.addTo(map);
    } else {
      shaded.remove();
      hide();
      ["what-if-answer", "what-if-key"].forEach((name) => get("div", name).replaceChildren());
    }
  }

  // A place of the map, while this is on: its cell answers. Whether it was on.
  function place(latlng) {
    if (!on) {
      return false;
    }
    cells().then(function (all) {
      const near = all.find((cell) => bounds(cell).contains(latlng));
      chosen = near ? near.id : "";
      return draw().then(function () {
        if (!near) {
          get("div", "what-if-answer").replaceChildren(element("p", { text: words.what_if_outside }));
        }
        map.fire("essgeo:what-if");
      });
    });
    return true;
  }

  function setTheme(wanted) {
    theme = wanted;
    return on ? draw() : Promise.resolve();
  }

  // The cell that an address names; none is named where this is off.
  function open(id) {
    chosen = id;
    turn(id !== "");
    return on ? draw() : Promise.resolve();
  }

  find("what-if-start")?.addEventListener("click", function () {
    turn(!on);
    (on ? draw() : Promise.resolve()).then(() => map.fire("essgeo:what-if"));
  });

  return { place: place, setTheme: setTheme, open: open, cell: () => chosen };
})();
