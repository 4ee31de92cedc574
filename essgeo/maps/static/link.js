// The view in the address: position, layers, filters. Opening the address brings the same view back.
(function () {
  "use strict";

  const { map, FILTERS, LAYER_NAMES, background, data } = window.essgeo;

  function read() {
    const given = new URLSearchParams(window.location.hash.slice(1));
    const view = {};
    const [zoom, latitude, longitude] = (given.get("map") || "").split("/").map(Number);
    if (Number.isFinite(zoom) && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180) {
      view.position = { zoom: zoom, centre: [latitude, longitude] };
    }
    if (given.has("layers")) {
      view.layers = given.get("layers").split(",").filter((name) => LAYER_NAMES.includes(name));
    }
    if (data.coverage.themes.includes(given.get("theme"))) {
      view.theme = given.get("theme");
    }
    if (background.names.includes(given.get("background"))) {
      view.background = given.get("background");
    }
    view.q = given.get("q") || "";
    const month = /^(\d{4})-(\d{2})$/.exec(given.get("date") || "");
    view.date = month && data.dated ? 12 * month[1] + Number(month[2]) - 1 : null;
    view.closed = given.get("closed") === "1";
    view.structure = given.get("structure") || "";
    FILTERS.forEach(function (name) {
      const code = given.get(name) || "";
      view[name] = Object.prototype.hasOwnProperty.call(data.labels[name], code) ? code : "";
    });
    return view;
  }

  function write(state) {
    const centre = map.getCenter();
    const before = new URLSearchParams(window.location.hash.slice(1));
    const given = new URLSearchParams();
    ["a", "b"].filter((name) => before.has(name)).forEach((name) => given.set(name, before.get(name)));
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
    const readable = given.toString().replace(/%2F/g, "/").replace(/%2C/g, ",");
    window.history.replaceState(null, "", "#" + readable);
  }

  window.essgeo.link = { read: read, write: write };
})();
