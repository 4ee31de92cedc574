// The map and its layers. Outlines and labels are vectors: it is legible without its background.
const Layers = (function () {

  const { data, words, isolated } = Dom;
  const { monthOf } = Register;
  const { Stamps, hatching } = Symbols;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const OUTLINED = Object.keys(data.strokes);
  const LABELLED = { communes: "commune", neighbourhoods: "neighbourhood" };
  const STYLES = {
    iris: { color: "#8a6d4b", weight: 0.6, opacity: 0.45, fillOpacity: 0 },
    ...eachOutlined(outlineStyle),
    radius: { color: "#444", weight: 1, dashArray: "3 3", fillOpacity: 0.08 },
  };
  const ORDER = ["iris", ...OUTLINED, "radius", ...Object.keys(data.marks), "structures"];
  const TOP_DOWN = [...OUTLINED.filter((name) => name !== "communes").reverse(), "iris", "communes"];

  /** @param {(name: string) => any} made */
  function eachOutlined(made) {
    return Object.fromEntries(OUTLINED.map((name) => [name, made(name)]));
  }

  /** @param {string} name @returns {L.PathOptions} */
  function outlineStyle(name) {
    const { colour, width, dash, hatched } = data.strokes[name];
    const filling = hatched ? { fillColor: hatching(colour, 8), fillOpacity: 0.55 } : { fillOpacity: 0 };
    return Object.assign({ color: colour, weight: width, dashArray: dash || null }, filling);
  }

  const map = L.map("map", {
    zoomControl: false,
    maxZoom: 19,
    minZoom: 10,
    zoomSnap: 0.5,
    fadeAnimation: !still,
    zoomAnimation: !still,
    markerZoomAnimation: !still,
    inertia: !still,
  });
  map.attributionControl.setPrefix('<a href="https://leafletjs.com">Leaflet</a>');
  // From below: fills, outlines, a veil over what lies beyond the territory, target neighbourhoods, names, points.
  ["fills", "outlines", "beyond", "targets", "names", "points"].forEach(function (name, place) {
    const { style } = map.createPane(name);
    style.zIndex = String(400 + 10 * place);
    style.pointerEvents = name === "beyond" || name === "names" ? "none" : "";
  });
  const filling = L.svg({ pane: "fills" });
  const outlining = L.canvas({ pane: "outlines" });
  const targeting = L.canvas({ pane: "targets" });
  const dotting = L.canvas({ pane: "points", tolerance: 7 });
  // The page scrolls over the map until it is clicked: then, or with Ctrl or two fingers, the map moves.
  const fingers = window.matchMedia("(pointer: coarse)").matches;
  map.scrollWheelZoom.disable();
  if (fingers) {
    map.dragging.disable();
  }
  map.on("click", function () {
    map.scrollWheelZoom.enable();
    map.dragging.enable();
  });
  document.addEventListener("pointerdown", function (event) {
    if (!event.composedPath().includes(map.getContainer())) {
      map.scrollWheelZoom.disable();
      if (fingers) {
        map.dragging.disable();
      }
    }
  });
  map.getContainer().addEventListener(
    "wheel",
    function (event) {
      if (event.ctrlKey && !map.scrollWheelZoom.enabled()) {
        event.preventDefault();
        const at = map.mouseEventToContainerPoint(event);
        map.setZoomAround(at, map.getZoom() + (event.deltaY < 0 ? 0.5 : -0.5), { animate: false });
      }
    },
    { passive: false }
  );
  L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);

  /** @param {string} name */
  function shapes(name) {
    const hatched = name !== "iris" && data.strokes[name].hatched;
    const renderer = name === "neighbourhoods" ? targeting : hatched ? filling : outlining;
    return L.geoJSON(data.layers[name], { style: STYLES[name], interactive: false, renderer: renderer });
  }

  /** @param {L.LatLngExpression} latlng @param {string} text @param {string} kind */
  function label(latlng, text, kind) {
    const made = isolated(text);
    made.className = kind;
    const icon = L.divIcon({ html: made, className: "map-label-anchor", iconSize: [0, 0] });
    return L.marker(latlng, { icon: icon, interactive: false, keyboard: false, pane: "names" });
  }

  // Outlines, with the names of those that have them.
  /** @param {string} name @returns {L.FeatureGroup} */
  function outlined(name) {
    const layer = shapes(name);
    if (!LABELLED[name]) {
      return layer;
    }
    const named = data.layers[name].features.map((feature) =>
      label(L.geoJSON(feature).getBounds().getCenter(), feature.properties.title, "map-label " + LABELLED[name])
    );
    return L.featureGroup([layer, ...named]);
  }

  // A circle that can be clicked and is not drawn: its symbol is stamped.
  /** @param {L.LatLngExpression} latlng @param {L.CircleMarkerOptions} options */
  function pin(latlng, options) {
    return L.circleMarker(latlng, { stroke: false, fill: false, bubblingMouseEvents: false, renderer: dotting, ...options });
  }

  // What is planned has a mark of its own.
  /** @param {[string, any]} entry @returns {[string, L.FeatureGroup]} */
  function points([name, mark]) {
    const drawn = L.geoJSON(data.layers[mark.layer], {
      filter: (feature) => Boolean(feature.properties.planned) === (name === "planned"),
      pointToLayer: function (feature, latlng) {
        const marker = pin(latlng, { symbol: mark, radius: 5 });
        marker.feature = feature;
        return marker.on("click", () => map.fire("essgeo:point", { name: mark.layer, marker: marker }));
      },
    });
    return [name, drawn];
  }

  // Sites that are available at a month; all of them on the day of the study.
  /** @param {number | null} month */
  function follow(month) {
    layers.sites.clearLayers();
    allSites.filter(({ feature }) =>
      month === null || (monthOf(feature?.properties.from, false) <= month && month <= monthOf(feature?.properties.to, true))
    ).forEach((marker) => layers.sites.addLayer(marker));
    stack();
  }

  const iris = shapes("iris");
  /** @type {Object<string, L.FeatureGroup>} */
  const layers = {
    iris: iris,
    ...eachOutlined(outlined),
    radius: L.featureGroup(),
    ...Object.fromEntries(Object.entries(data.marks).map(points)),
    structures: L.featureGroup(),
  };
  const allSites = /** @type {L.CircleMarker[]} */ (layers.sites.getLayers());

  // The whole world but the communes: their rings are holes in it.
  const WORLD = [[-85, -180], [-85, 180], [85, 180], [85, -180]];
  const rings = data.layers.communes.features.flatMap(function ({ geometry }) {
    const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    return polygons.flat().map((ring) => L.GeoJSON.coordsToLatLngs(ring));
  });
  const veil = { stroke: false, fillColor: "#f7f6f2", fillOpacity: 0.7, smoothFactor: 0, interactive: false };
  L.polygon([WORLD, ...rings], Object.assign(veil, { pane: "beyond", renderer: L.canvas({ pane: "beyond" }) })).addTo(map);

  // Every symbol that is shown, the lowest first.
  /** @returns {L.CircleMarker[]} */
  function drawnPins() {
    const names = [...Object.keys(data.marks), "structures"];
    return names.filter((name) => map.hasLayer(layers[name])).flatMap((name) => /** @type {L.CircleMarker[]} */ (layers[name].getLayers()));
  }

  const stamps = new Stamps("points", drawnPins);

  stamps.addTo(map);

  function stack() {
    ORDER.filter((name) => map.hasLayer(layers[name])).forEach((name) =>
      layers[name].eachLayer((/** @type {any} */ part) => part.bringToFront && part.bringToFront())
    );
    stamps.draw();
  }

  /** @param {string} name @param {boolean} shown */
  function toggle(name, shown) {
    if (shown) {
      layers[name].addTo(map);
      stack();
    } else {
      layers[name].remove();
      stamps.draw();
    }
  }

  // Names cover neither one another nor symbols: one that would is moved, the nearest place first. Where no place is clear,
  // those of target neighbourhoods, first served, lie below as few symbols as may be, and others are left out.
  const RANKS = ["neighbourhood", "commune", "place", "station"];
  const AROUND = [[0, -1], [0, 1], [-1.5, 0], [1.5, 0], [-1, -1], [1, -1], [-1, 1], [1, 1]];
  const SHIFTS = [[0, 0], ...[14, 28, 42].flatMap((far) => AROUND.map(([right, down]) => [far * right, far * down]))];
  const NEAR = 9;
  const shifts = new WeakMap();

  function declutter() {
    const corner = map.getContainer().getBoundingClientRect();
    const symbols = drawnPins().map(function (pin) {
      const { x, y } = map.latLngToContainerPoint(pin.getLatLng());
      const radius = pin.options.radius || 0;
      return new DOMRect(corner.x + x - radius, corner.y + y - radius, 2 * radius, 2 * radius);
    });
    const placed = [];
    const overlaps = (one, other) =>
      one.right > other.left && one.left < other.right && one.bottom > other.top && one.top < other.bottom;
    const rankOf = (name) => RANKS.findIndex((rank) => name.classList.contains(rank));
    /** @type {HTMLElement[]} */
    const names = Array.from(map.getContainer().querySelectorAll(".map-label, .base-label"));
    const boxes = new Map(names.map((name) => [name, name.getBoundingClientRect()]));
    const seen = names.filter((name) => overlaps(boxes.get(name), corner));
    seen.sort((one, other) => rankOf(one) - rankOf(other)).forEach(function (name) {
      const { x, y, width, height } = boxes.get(name) || new DOMRect();
      const [before, above] = shifts.get(name) || SHIFTS[0];
      const free = SHIFTS.slice(0, rankOf(name) === 0 ? SHIFTS.length : NEAR).map(([right, down]) => ({
        shift: [right, down],
        box: new DOMRect(x - before + right, y - above + down, width, height),
      })).filter(({ box }) => !placed.some((other) => overlaps(box, other)));
      const clear = free.find(({ box }) => !symbols.some((symbol) => overlaps(box, symbol)));
      const lies = ({ box }) => symbols.filter((symbol) => overlaps(box, symbol)).length;
      const chosen = clear || (rankOf(name) === 0 ? free.sort((one, other) => lies(one) - lies(other))[0] : undefined);
      name.classList.toggle("covered", !chosen);
      if (chosen) {
        placed.push(chosen.box);
        shifts.set(name, chosen.shift);
        name.style.translate = chosen.shift.map((pixels) => pixels + "px").join(" ");
      }
    });
  }

  map.on("zoomend moveend viewreset layeradd", L.Util.throttle(() => window.requestAnimationFrame(declutter), 100, map));

  // Whether a polygon holds a place: a ray to the east crosses its rings an odd number of times.
  /** @param {any} geometry @param {L.LatLng} place */
  function holds({ type, coordinates }, { lat, lng }) {
    const rings = type === "Polygon" ? coordinates : type === "MultiPolygon" ? coordinates.flat() : [];
    const crossed = rings.flatMap((ring) =>
      ring.slice(1).filter(function ([x, y], place) {
        const [before, above] = ring[place];
        return y > lat !== above > lat && lng < x + ((lat - y) * (before - x)) / (above - y);
      })
    );
    return crossed.length % 2 === 1;
  }

  // The polygons of the layers on the map that hold a place, from the smallest kind to the largest.
  /** @param {L.LatLng} latlng @returns {[string, any][]} */
  function under(latlng) {
    return TOP_DOWN.filter((name) => map.hasLayer(layers[name])).flatMap((name) =>
      data.layers[name].features.filter(({ geometry }) => holds(geometry, latlng)).map(({ properties }) => [name, properties])
    );
  }

  return {
    map: map,
    still: still,
    layers: layers,
    LAYER_NAMES: ORDER,
    STYLES: STYLES,
    outlining: outlining,
    pin: pin,
    stack: stack,
    label: label,
    follow: follow,
    toggle: toggle,
    under: under,
  };
})();
