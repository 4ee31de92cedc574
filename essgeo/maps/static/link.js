// The view in the address: position, layers, filters. Opening the address brings the same view back.
const Link = (function () {

  const { data } = Dom;
  const { FILTERS } = Register;
  const { map, LAYER_NAMES } = Layers;

  function read() {
    const given = new URLSearchParams(window.location.hash.slice(1));
    const view = {};
    const [zoom, latitude, longitude] = (given.get("map") || "").split("/").map(Number);
    if (Number.isFinite(zoom) && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180) {
      view.position = { zoom: zoom, centre: L.latLng(latitude, longitude) };
    }
    const layers = given.get("layers");
    if (layers !== null) {
      view.layers = layers.split(",").filter((name) => LAYER_NAMES.includes(name));
    }
    if (data.coverage.themes.includes(given.get("theme"))) {
      view.theme = given.get("theme");
    }
    if (Background.names.includes(given.get("background") || "")) {
      view.background = given.get("background");
    }
    view.q = given.get("q") || "";
    const month = /^(\d{4})-(\d{2})$/.exec(given.get("date") || "");
    view.date = month && data.dated ? 12 * Number(month[1]) + Number(month[2]) - 1 : null;
    view.closed = given.get("closed") === "1";
    view.structure = given.get("structure") || "";
    view.cell = given.get("what-if") || "";
    FILTERS.forEach(function (name) {
      const code = given.get(name) || "";
      view[name] = Object.hasOwn(data.labels[name], code) ? code : "";
    });
    return view;
  }

  /** @param {any} state */
  function write(state) {
    const centre = map.getCenter();
    const before = new URLSearchParams(window.location.hash.slice(1));
    const given = new URLSearchParams();
    before.forEach((value, name) => ["a", "b"].includes(name) && given.set(name, value));
    given.set("map", [map.getZoom(), centre.lat.toFixed(5), centre.lng.toFixed(5)].join("/"));
    given.set("layers", state.layers.join(","));
    given.set("theme", state.theme);
    given.set("background", state.background);
    ["q", "structure"].concat(FILTERS).filter((name) => state[name]).forEach((name) => given.set(name, state[name]));
    if (state.date !== null) {
      given.set("date", Math.floor(state.date / 12) + "-" + String((state.date % 12) + 1).padStart(2, "0"));
    }
    if (state.closed) {
      given.set("closed", "1");
    }
    if (WhatIf.cell()) {
      given.set("what-if", WhatIf.cell());
    }
    const readable = given.toString().replace(/%2F/g, "/").replace(/%2C/g, ",");
    window.history.replaceState(null, "", "#" + readable);
  }

  return { read: read, write: write };
})();
