// The base of the map, from the files of the study: lines and areas in tiles of canvas, stations, and names of both.
const Base = (function () {
  const { data, load } = Dom;
  const { map, label } = Layers;
  const SHARPNESS = 2;
  const SHOWN_FROM = { dot: 12, place: 13.5, station: 14 };
  // Areas lie below residents, lines above them and below outlines.
  Object.entries({ base: "150", ways: "398" }).forEach(function ([name, height]) {
    const { style } = map.createPane(name);
    style.zIndex = height;
    style.pointerEvents = "none";
  });

  // What each layer shows, the kinds that lie lowest first: rings on the map at zoom 0, and the box around them.
  /** @type {{ kind: string, rings: L.Point[][], box: L.Bounds }[]} */
  const shapes = [];
  /** @type {string[]} */
  const credits = [];
  /** @type {["dot" | "place" | "station", L.Layer][]} */
  const details = [];

  // From steps in 0.00001° to pairs on the map at zoom 0.
  /** @param {number[]} steps */
  function unfolded(steps) {
    let [longitude, latitude] = [0, 0];
    return Array.from({ length: steps.length / 2 }, function (_, place) {
      longitude += steps[2 * place];
      latitude += steps[2 * place + 1];
      return map.project([latitude / 1e5, longitude / 1e5], 0);
    });
  }

  class Ground extends L.GridLayer {
    /** @param {string} pane @param {[string, any][]} kinds */
    constructor(pane, kinds) {
      super({ pane: pane });
      this.kinds = kinds;
    }

    /** @param {L.Coords} coords */
    createTile({ x, y, z }) {
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

  const kinds = Object.entries(data.ground);
  const grounds = [
    new Ground("base", kinds.filter(([, { width }]) => !width)),
    new Ground("ways", kinds.filter(([, { width }]) => width)),
  ];
  const stops = data.layers.stations.features.filter(({ properties }) => !properties.planned);
  const renderer = L.canvas({ pane: "ways" });
  const dots = stops.map(function ({ geometry, properties }) {
    const [lng, lat] = geometry.coordinates;
    details.push(["station", label([lat, lng], properties.title, "base-label station")]);
    const look = { radius: 2.5, color: "#77777f", weight: 1, fillColor: "#fff", fillOpacity: 1 };
    return L.circleMarker([lat, lng], { ...look, interactive: false, renderer: renderer });
  });
  details.push(["dot", L.layerGroup(dots)]);
  let shown = false;

  // Stations and names show where the map is close enough to have room for them.
  function name() {
    details.forEach(function ([kind, marker]) {
      const wanted = shown && map.getZoom() >= SHOWN_FROM[kind];
      if (wanted !== map.hasLayer(marker)) {
        marker[wanted ? "addTo" : "removeFrom"](map);
      }
    });
  }

  // Tiles have all that already: where they are there, the base is not.
  /** @param {boolean} wanted */
  function toggle(wanted) {
    const change = wanted ? "addTo" : "removeFrom";
    shown = wanted;
    grounds.filter((ground) => !wanted || shapes.some(({ kind }) => ground.kinds.some(([one]) => one === kind))).forEach((ground) => ground[change](map));
    credits.forEach((credit) => map.attributionControl[wanted ? "addAttribution" : "removeAttribution"](credit));
    name();
  }

  /** @param {{ credit: string, shapes: Object<string, number[][][]>, names: [string, number, number][] }} content */
  function take(content) {
    Object.entries(content.shapes).forEach(([kind, parts]) =>
      parts.forEach(function (part) {
        const rings = part.map(unfolded);
        shapes.push({ kind: kind, rings: rings, box: L.bounds(rings[0]) });
      })
    );
    content.names.forEach(([text, ...place]) => details.push(["place", label(place, text, "base-label place")]));
    credits.push(content.credit);
  }

  map.on("zoomend", name);
  map.whenReady(() => toggle(true));
  Promise.all(data.base.map((file) => load(file, file + ".js").then(take))).then(() => shown && toggle(true));

  return { toggle: toggle };
})();
