// What Leaflet's canvas cannot draw by itself: a shape for each sector, and hatching.
(function () {
  "use strict";

  const { data, isActive, isUndated, number, offers, valueOf } = window.essgeo;
  const paths = Object.fromEntries(Object.entries(data.shapes).map(([name, path]) => [name, new Path2D(path)]));
  const GONE = { shape: "cross", colour: "#6b6b6b", scale: 1 };
  const OTHER = { shape: "circle", colour: "#6b6b6b", scale: 0.45 };

  // What the theme of the map is not about, and what no date is known of at another month, is a grey dot.
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

  function paint({ shape, colour, hollow }, radius) {
    const half = Math.ceil(1.3 * radius + 3);
    const stamp = document.createElement("canvas");
    stamp.width = stamp.height = 2 * half * sharpness;
    const pen = stamp.getContext("2d");
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

  function stampOf(symbol, radius) {
    const key = [symbol.shape, symbol.colour, symbol.hollow, radius].join();
    if (!stamps.has(key)) {
      stamps.set(key, paint(symbol, radius));
    }
    return stamps.get(key);
  }

  const ShapeMarker = L.CircleMarker.extend({
    // The weight widens the bounds that the canvas redraws, so that points of stars are not cut.
    options: { weight: 6, radius: 7, bubblingMouseEvents: false },

    _updatePath: function () {
      const renderer = this._renderer;
      if (renderer._drawing && !this._empty()) {
        const { picture, half } = stampOf(this.options.symbol, this._radius);
        renderer._ctx.drawImage(picture, this._point.x - half, this._point.y - half, 2 * half, 2 * half);
      }
    },
  });

  // Many structures as one disc that says how many.
  const ClusterMarker = L.CircleMarker.extend({
    options: { weight: 6, bubblingMouseEvents: false },

    _updatePath: function () {
      const renderer = this._renderer;
      if (!renderer._drawing || this._empty()) {
        return;
      }
      const pen = renderer._ctx;
      const { x, y } = this._point;
      pen.globalAlpha = 1;
      pen.beginPath();
      pen.arc(x, y, this._radius, 0, 2 * Math.PI);
      pen.fillStyle = "#26263a";
      pen.fill();
      pen.lineWidth = 2;
      pen.strokeStyle = "#fff";
      pen.stroke();
      pen.fillStyle = "#fff";
      pen.font = "600 12px system-ui, sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(number(this.options.count), x, y);
    },
  });

  const patterns = {};

  function hatching(context, colour, step) {
    const key = colour + step;
    if (!patterns[key]) {
      const tile = document.createElement("canvas");
      tile.width = tile.height = step;
      const pen = tile.getContext("2d");
      pen.strokeStyle = colour;
      pen.lineWidth = 1.2;
      pen.beginPath();
      [-step, 0, step].forEach(function (shift) {
        pen.moveTo(shift - 2, step + 2);
        pen.lineTo(shift + step + 2, -2);
      });
      pen.stroke();
      patterns[key] = context.createPattern(tile, "repeat");
    }
    return patterns[key];
  }

  const plainly = L.Canvas.prototype._fillStroke;
  L.Canvas.include({
    _fillStroke: function (context, layer) {
      const options = layer.options;
      if (!options.hatch) {
        plainly.call(this, context, layer);
        return;
      }
      context.globalAlpha = options.fillOpacity;
      if (options.fillColor) {
        context.fillStyle = options.fillColor;
        context.fill("evenodd");
      }
      context.fillStyle = hatching(context, options.hatch, options.step || 8);
      context.fill("evenodd");
      plainly.call(this, context, { options: Object.assign({}, options, { fill: false }) });
    },
  });

  Object.assign(window.essgeo, { ShapeMarker: ShapeMarker, ClusterMarker: ClusterMarker, symbolOf: symbolOf });
})();
