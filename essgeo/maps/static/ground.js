"use strict";

// The base of a map, from the files of the study: lines and areas in tiles of canvas, and stations. For every map of a page.
const Ground = (function () {
  const given = window.essgeoData;
  const SHARPNESS = 2;

  /** @type {Object<string, Promise<any>>} */
  const loading = {};

  // Data of the pages by its name: in the page already, or in a script beside it, which opens from the disk too.
  /** @param {string} name @param {string} file */
  function load(name, file) {
    loading[name] = loading[name] || new Promise(function (resolve, reject) {
      const done = () => resolve(given[name]);
      if (given[name]) {
        window.queueMicrotask(done);
        return;
      }
      const script = document.createElement("script");
      script.src = "assets/" + file;
      script.onload = done;
      script.onerror = reject;
      document.head.append(script);
    });
    return loading[name];
  }

  // From steps in 0.00001° to points of a map at zoom 0.
  /** @param {number[]} steps */
  function unfolded(steps) {
    let [longitude, latitude] = [0, 0];
    return Array.from({ length: steps.length / 2 }, function (_, place) {
      longitude += steps[2 * place];
      latitude += steps[2 * place + 1];
      return L.CRS.EPSG3857.latLngToPoint(L.latLng(latitude / 1e5, longitude / 1e5), 0);
    });
  }

  /** @returns {Shape[]} */
  const shapesOf = (content) =>
    Object.entries(content.shapes).flatMap(([kind, parts]) =>
      parts.map(function (part) {
        const rings = part.map(unfolded);
        return { kind: kind, rings: rings, box: L.bounds(rings[0]) };
      })
    );

  /** @type {Promise<{ shapes: Shape[], names: [string, number, number][], credits: string[] }> | undefined} */
  let reading;

  // What the base holds, read when it is first asked for: shapes, names with their places, and whose they are.
  function read() {
    reading = reading || Promise.all(given.study.base.map((file) => load(file, file + ".js"))).then((contents) => ({
      shapes: contents.flatMap(shapesOf),
      names: contents.flatMap(({ names }) => names),
      credits: contents.map(({ credit }) => credit),
    }));
    return reading;
  }

  // Shapes of some kinds, the kinds that lie lowest first.
  class Tiles extends L.GridLayer {
    /** @param {string} pane @param {[string, any][]} kinds @param {Shape[]} shapes */
    constructor(pane, kinds, shapes) {
      super({ pane: pane });
      this.kinds = kinds;
      this.shapes = shapes;
    }

    /** @param {L.Coords} coords */
    createTile({ x, y, z }) {
      const { shapes } = this;
      const side = this.getTileSize().x;
      const tile = document.createElement("canvas");
      tile.width = tile.height = SHARPNESS * side;
      const pen = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
      const scale = 2 ** z;
      const [west, north, size] = [(x * side) / scale, (y * side) / scale, side / scale];
      const near = L.bounds([west - 0.1 * size, north - 0.1 * size], [west + 1.1 * size, north + 1.1 * size]);
      pen.scale(SHARPNESS, SHARPNESS);
      pen.lineJoin = "round";
      this.kinds.filter(([, { zoom }]) => z >= zoom).forEach(function ([kind, { colour, width, dash }]) {
        pen.beginPath();
        shapes.filter((shape) => shape.kind === kind && near.intersects(shape.box)).forEach(({ rings }) =>
          rings.forEach((ring) =>
            ring.forEach((point, place) =>
              pen[place ? "lineTo" : "moveTo"]((point.x - west) * scale, (point.y - north) * scale)
            )
          )
        );
        if (!width) {
          pen.fillStyle = colour;
          pen.fill("evenodd");
          return;
        }
        pen.strokeStyle = colour;
        pen.lineWidth = width * (z < 13 ? 0.5 : z < 15 ? 0.75 : 1);
        pen.setLineDash(dash);
        pen.stroke();
      });
      return tile;
    }
  }

  // Areas lie beneath what a map fills, lines above it.
  /** @param {L.Map} map */
  function prepare(map) {
    Object.entries({ base: "150", ways: "398" }).forEach(function ([name, height]) {
      const { style } = map.createPane(name);
      style.zIndex = height;
      style.pointerEvents = "none";
    });
  }

  /** @param {Shape[]} shapes @returns {L.GridLayer[]} */
  function tiles(shapes) {
    /** @type {[string, any][]} */
    const kinds = Object.entries(given.study.ground);
    return [true, false].flatMap(function (areas) {
      const some = kinds.filter(([kind, { width }]) => !width === areas && shapes.some((shape) => shape.kind === kind));
      return some.length ? [new Tiles(areas ? "base" : "ways", some, shapes)] : [];
    });
  }

  // Stations that are open: with each dot its feature.
  function stations() {
    const open = given.study.layers.stations.features.filter(({ properties }) => !properties.planned);
    const renderer = L.canvas({ pane: "ways" });
    const look = { radius: 2.5, color: "#77777f", weight: 1, fillColor: "#fff", fillOpacity: 1, interactive: false };
    return open.map(({ geometry: { coordinates: [lng, lat] }, properties }) => ({
      name: properties.title,
      place: L.latLng(lat, lng),
      dot: L.circleMarker([lat, lng], { ...look, renderer: renderer }),
    }));
  }

  return { load: load, prepare: prepare, read: read, tiles: tiles, stations: stations };
})();
