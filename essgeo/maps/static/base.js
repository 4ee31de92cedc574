// The base of the map, and the names of its stations and places.
const Base = (function () {
  const { map, label } = Layers;
  const SHOWN_FROM = { dot: 12, place: 13.5, station: 14 };
  /** @type {L.GridLayer[]} */
  let tiles = [];
  /** @type {string[]} */
  let credits = [];
  /** @type {["dot" | "place" | "station", L.Layer][]} */
  const details = [];
  let shown = false;

  Ground.prepare(map);
  Ground.stations().forEach(function ({ name, place, dot }) {
    details.push(["dot", dot], ["station", label(place, name, "base-label station")]);
  });

  // Stations and names show where the map is close enough to have room for them.
  function detail() {
    details.forEach(function ([kind, layer]) {
      const wanted = shown && map.getZoom() >= SHOWN_FROM[kind];
      if (wanted !== map.hasLayer(layer)) {
        layer[wanted ? "addTo" : "removeFrom"](map);
      }
    });
  }

  // Tiles of a background have all that already: where they are there, the base is not.
  /** @param {boolean} wanted */
  function toggle(wanted) {
    shown = wanted;
    tiles.forEach((layer) => layer[wanted ? "addTo" : "removeFrom"](map));
    credits.forEach((credit) => map.attributionControl[wanted ? "addAttribution" : "removeAttribution"](credit));
    detail();
  }

  map.on("zoomend", detail);
  map.whenReady(() => toggle(true));
  Ground.read().then(function (found) {
    tiles = Ground.tiles(found.shapes);
    credits = found.credits;
    found.names.forEach(([name, ...place]) => details.push(["place", label(place, name, "base-label place")]));
    toggle(shown);
  });

  return { toggle: toggle };
})();
