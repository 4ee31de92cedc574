// What Leaflet does not draw by itself: a shape for each group of sectors, discs that count, and hatching.
const Symbols = (function () {
  const { data, number } = Dom;
  const { isActive, isUndated, offers, valueOf } = Register;
  const paths = Object.fromEntries(Object.entries(data.shapes).map(([name, path]) => [name, new Path2D(path)]));
  /** @type {Pin} */
  const GONE = { shape: "cross", colour: "#6b6b6b", scale: 1 };
  /** @type {Pin} */
  const OTHER = { shape: "circle", colour: "#6b6b6b", scale: 0.45 };

  // What the theme of the map is not about, and what no date is known of at another month, is a grey dot.
  /** @param {number} row @param {number | null} month @param {string} theme @returns {Pin} */
  function symbolOf(row, month, theme) {
    if (!isActive(row, month)) {
      return GONE;
    }
    if (!offers(row, theme) || (month !== null && isUndated(row))) {
      return OTHER;
    }
    const [shape, colour] = data.symbols[valueOf("sectors", row)[0] || "autre"];
    return { shape: shape, colour: colour, scale: 1, hollow: valueOf("status", row) === "unknown" };
  }

  // Each symbol is painted once, at the sharpness of the screen, and then stamped.
  const sharpness = Math.max(window.devicePixelRatio || 1, 2);
  const stamps = new Map();

  /** @param {HTMLCanvasElement} canvas */
  const penOf = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

  /** @param {Pin} symbol @param {number} radius */
  function paint({ shape, colour, hollow }, radius) {
    const half = Math.ceil(1.3 * radius + 3);
    const stamp = document.createElement("canvas");
    stamp.width = stamp.height = 2 * half * sharpness;
    const pen = penOf(stamp);
    pen.scale(sharpness, sharpness);
    pen.translate(half, half);
    pen.scale(radius, radius);
    pen.lineJoin = "round";
    pen.strokeStyle = "#fff";
    pen.lineWidth = 5 / radius;
    pen.stroke(paths[shape]);
    pen.fillStyle = hollow ? "#fff" : colour;
    pen.fill(paths[shape]);
    pen.strokeStyle = colour;
    pen.lineWidth = 1.8 / radius;
    pen.stroke(paths[shape]);
    return { picture: stamp, half: half };
  }

  /** @param {Pin} symbol @param {number} radius */
  function stampOf(symbol, radius) {
    const key = [symbol.shape, symbol.colour, symbol.hollow, radius].join();
    if (!stamps.has(key)) {
      stamps.set(key, paint(symbol, radius));
    }
    return stamps.get(key);
  }

  // Many structures as one disc that says how many.
  /** @param {CanvasRenderingContext2D} pen @param {L.Point} point @param {number} radius @param {number} count */
  function disc(pen, { x, y }, radius, count) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fillStyle = "#26263a";
    pen.fill();
    pen.lineWidth = 2;
    pen.strokeStyle = "#fff";
    pen.stroke();
    pen.fillStyle = "#fff";
    pen.font = "600 12px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(number(count), x, y);
  }

  // The symbols of markers, on a canvas a fifth larger than the map on each side: who moves the map calls `draw`, a zoom
  // carries the canvas along. The markers themselves are circles that Leaflet knows of, for clicks, and does not draw.
  class Stamps extends L.Layer {
    /** @param {string} pane @param {() => L.CircleMarker[]} markers */
    constructor(pane, markers) {
      super();
      this.pane = pane;
      this.markers = markers;
      this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-animated stamps");
      /** @type {L.Map | undefined} */
      this.map = undefined;
      this.corner = L.latLng(0, 0);
      this.zoom = 0;
    }

    /** @param {L.Map} map */
    onAdd(map) {
      this.map = map;
      map.getPane(this.pane)?.append(this.canvas);
      this.draw();
      return this;
    }

    onRemove() {
      this.canvas.remove();
      return this;
    }

    /** @returns {Record<string, (event: any) => void>} */
    getEvents() {
      return {
        zoom: ({ target }) => this.carry(target, target.getCenter(), target.getZoom()),
        zoomanim: ({ target, center, zoom }) => this.carry(target, center, zoom),
      };
    }

    draw() {
      const { map } = this;
      if (!map) {
        return;
      }
      const margin = map.getSize().multiplyBy(0.2).round();
      const corner = map.containerPointToLayerPoint(margin.multiplyBy(-1)).round();
      const { x, y } = map.getSize().add(margin.multiplyBy(2));
      const pen = penOf(this.canvas);
      this.corner = map.layerPointToLatLng(corner);
      this.zoom = map.getZoom();
      this.canvas.width = x * sharpness;
      this.canvas.height = y * sharpness;
      this.canvas.style.width = x + "px";
      this.canvas.style.height = y + "px";
      L.DomUtil.setPosition(this.canvas, corner);
      pen.setTransform(sharpness, 0, 0, sharpness, -sharpness * corner.x, -sharpness * corner.y);
      this.markers().forEach(function (marker) {
        const point = map.latLngToLayerPoint(marker.getLatLng());
        const { symbol, count = 1, radius = 0 } = marker.options;
        if (!symbol) {
          disc(pen, point, radius, count);
          return;
        }
        const { picture, half } = stampOf(symbol, radius);
        pen.drawImage(picture, point.x - half, point.y - half, 2 * half, 2 * half);
      });
    }

    // Where the canvas lies while the map zooms to a centre.
    /** @param {L.Map} map @param {L.LatLng} centre @param {number} zoom */
    carry(map, centre, zoom) {
      const pane = map.layerPointToContainerPoint([0, 0]);
      const middle = map.getSize().divideBy(2).subtract(pane);
      const offset = map.project(this.corner, zoom).subtract(map.project(centre, zoom)).add(middle);
      L.DomUtil.setTransform(this.canvas, offset, map.getZoomScale(zoom, this.zoom));
    }
  }

  // Hatching as a fill of vectors: lines so far apart, on a colour where one is given.
  const hatchings = document.body.appendChild(svg("svg", { class: "visually-hidden", "aria-hidden": "true" }));

  /** @param {string} tag @param {Object<string, any>} attributes */
  function svg(tag, attributes) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    return made;
  }

  /** @param {string} colour @param {number} step @param {string} [ground] */
  function hatching(colour, step, ground) {
    const name = ["hatching", colour, step, ground].filter(Boolean).join("-").replace(/#/g, "");
    if (!document.getElementById(name)) {
      const size = { width: step, height: step };
      const pattern = svg("pattern", { id: name, patternUnits: "userSpaceOnUse", ...size });
      if (ground) {
        pattern.append(svg("rect", { fill: ground, ...size }));
      }
      const lines = [-step, 0, step].map((shift) => `M${shift - 2} ${step + 2}L${shift + step + 2}-2`).join("");
      pattern.append(svg("path", { d: lines, stroke: colour, "stroke-width": 1.2 }));
      hatchings.append(pattern);
    }
    return `url(#${name})`;
  }

  return { Stamps: Stamps, symbolOf: symbolOf, hatching: hatching };
})();
