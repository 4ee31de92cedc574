// The structures on the map. Where too many are in view, those of a cell of a grid are drawn as one disc.
const Structures = (function () {

  const { data } = Dom;
  const { register, valueOf, offers, isActive } = Register;
  const { symbolOf } = Symbols;
  const { map, layers, STYLES, outlining, pin, stack } = Layers;
  const CELL = 56;
  /** @type {number[]} */
  let shown = [];
  /** @type {number | null} */
  let month = null;
  let theme = "all";

  // Web Mercator at zoom 0, once for every row.
  const world = Array.from({ length: register.located }, function (_, row) {
    const point = map.project([register.latitude[row], register.longitude[row]], 0);
    return [point.x, point.y];
  });
  /** @returns {L.LatLngTuple} */
  const placeOf = (row) => [register.latitude[row], register.longitude[row]];

  // Symbols are smaller on a map that shows a whole territory on a phone.
  function size() {
    return map.getZoom() < 12.5 ? 5 : 7;
  }

  function inView() {
    const bounds = map.getPixelBounds();
    const margin = bounds.getSize().multiplyBy(0.25);
    const scale = map.getZoomScale(map.getZoom(), 0);
    const { x: west, y: north } = bounds.getTopLeft().subtract(margin).divideBy(scale);
    const { x: east, y: south } = bounds.getBottomRight().add(margin).divideBy(scale);
    return shown.filter(function (row) {
      const [x, y] = world[row];
      return x >= west && x <= east && y >= north && y <= south;
    });
  }

  // The grid lies still when the map moves: a cell is the same one before and after. Those of other themes come first,
  // so that they lie below; where there are too many, they are left out.
  /** @param {number[]} rows @returns {number[][]} */
  function grouped(rows) {
    const [asked, others] = [true, false].map((wanted) => rows.filter((row) => offers(row, theme) === wanted));
    if (rows.length <= data.register.many) {
      return others.concat(asked).map((row) => [row]);
    }
    if (asked.length <= data.register.many) {
      return asked.map((row) => [row]);
    }
    const scale = map.getZoomScale(map.getZoom(), 0) / CELL;
    const cells = new Map();
    asked.forEach(function (row) {
      const key = Math.floor(world[row][0] * scale) + 1e7 * Math.floor(world[row][1] * scale);
      if (cells.has(key)) {
        cells.get(key).push(row);
      } else {
        cells.set(key, [row]);
      }
    });
    return Array.from(cells.values());
  }

  /** @param {number} row */
  function single(row) {
    const symbol = symbolOf(row, month, theme);
    const marker = pin(placeOf(row), { symbol: symbol, radius: (symbol.scale || 1) * size() });
    return marker.on("click", () => map.fire("essgeo:structures", { rows: together(row) }));
  }

  /** @param {number[]} rows */
  function cluster(rows) {
    const mean = (axis) => rows.reduce((sum, row) => sum + axis[row], 0) / rows.length;
    const radius = 11 + 3 * Math.log10(rows.length);
    const centre = L.latLng(mean(register.latitude), mean(register.longitude));
    const marker = pin(centre, { count: rows.length, radius: radius });
    return marker.on("click", () => map.fire("essgeo:cluster", { rows: rows, bounds: L.latLngBounds(rows.map(placeOf)) }));
  }

  // The structures that stand where this one does.
  /** @param {number} row */
  function together(row) {
    const [latitude, longitude] = placeOf(row);
    const others = shown.filter(
      (other) => other !== row && register.latitude[other] === latitude && register.longitude[other] === longitude
    );
    return [row].concat(others);
  }

  // Metres of a degree of latitude and of longitude there, on the ellipsoid of GPS.
  /** @param {number} latitude */
  function degreeMetres(latitude) {
    const phi = (latitude * Math.PI) / 180;
    return [
      111132.92 - 559.82 * Math.cos(2 * phi) + 1.175 * Math.cos(4 * phi),
      111412.84 * Math.cos(phi) - 93.5 * Math.cos(3 * phi) + 0.118 * Math.cos(5 * phi),
    ];
  }

  // Minutes on foot for metres in a straight line, as the study takes them: the median walk.
  /** @param {number} metres */
  function minutesOf(metres) {
    const { speed, along, aside, bend } = data.walk;
    const walked = along * metres + aside * Math.pow(metres / 300, bend);
    return walked / ((speed * 1000) / 60);
  }

  // Metres in a straight line within a walk: what minutesOf undoes.
  /** @param {number} minutes */
  function reachOf(minutes) {
    let [low, high] = [0, 1e5];
    for (let step = 0; step < 50; step += 1) {
      const middle = (low + high) / 2;
      [low, high] = minutesOf(middle) <= minutes ? [middle, high] : [low, middle];
    }
    return low;
  }

  // For each theme the nearest structure that counts, and the minutes to it; null where none is located.
  /** @param {L.LatLng} place @returns {({ row: number, minutes: number } | null)[]} */
  function nearestTo({ lat, lng }) {
    const [north, east] = degreeMetres(lat);
    const found = data.coverage.themes.map(() => ({ row: null, metres: Infinity }));
    for (let row = 0; row < register.located; row += 1) {
      if (isActive(row, null)) {
        const metres = Math.hypot((register.latitude[row] - lat) * north, (register.longitude[row] - lng) * east);
        data.coverage.themes.forEach(function (theme, place) {
          if (metres < found[place].metres && offers(row, theme)) {
            found[place] = { row: row, metres: metres };
          }
        });
      }
    }
    return found.map(({ row, metres }) => (row === null ? null : { row: row, minutes: minutesOf(metres) }));
  }

  // Walks around a place, those of the study by default, until it is closed.
  function showReach(latlng, walks = data.walk.minutes) {
    const circles = walks.map((minutes) =>
      L.circle(latlng, { radius: reachOf(minutes), color: "#1e1e2a", weight: 1.5, fill: false, interactive: false, renderer: outlining })
    );
    const centre = { radius: 5, color: "#fff", weight: 2, fillColor: "#1e1e2a", fillOpacity: 1, interactive: false, renderer: outlining };
    const group = L.featureGroup([...circles, L.circleMarker(latlng, centre)]).addTo(map);
    return () => group.remove();
  }

  function draw() {
    layers.structures.clearLayers();
    layers.radius.clearLayers();
    grouped(inView()).forEach(function (rows) {
      layers.structures.addLayer(rows.length > 1 ? cluster(rows) : single(rows[0]));
      const radius = rows.length > 1 ? 0 : valueOf("radius", rows[0]);
      if (radius && map.hasLayer(layers.radius)) {
        const options = { radius: radius, interactive: false, renderer: outlining };
        layers.radius.addLayer(L.circle(placeOf(rows[0]), Object.assign(options, STYLES.radius)));
      }
    });
    stack();
  }

  /** @param {number[]} rows @param {number | null} at @param {string} about */
  function show(rows, at, about) {
    shown = rows.filter((row) => row < register.located);
    month = at;
    theme = about;
    draw();
    return shown.filter((row) => offers(row, theme)).length;
  }

  map.on("moveend", draw);

  return { show: show, draw: draw, placeOf: placeOf, together: together, nearestTo: nearestTo, showReach: showReach };
})();
