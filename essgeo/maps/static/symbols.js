// What Leaflet's canvas cannot draw by itself: a shape for each sector, and hatching.
(function () {
  "use strict";

  const { data } = window.essgeo;
  const paths = Object.fromEntries(Object.entries(data.shapes).map(([name, path]) => [name, new Path2D(path)]));
  const GONE = { shape: "cross", colour: "#6b6b6b" };

  function symbolOf(structure) {
    if (!structure.counted) {
      return GONE;
    }
    const [shape, colour] = data.symbols[structure.sectors[0]] || data.symbols.autre;
    return { shape: shape, colour: colour, hollow: structure.status === "unknown" };
  }

  const ShapeMarker = L.CircleMarker.extend({
    // The weight widens the bounds that the canvas redraws, so that points of stars are not cut.
    options: { weight: 6, radius: 7, bubblingMouseEvents: false },

    _updatePath: function () {
      const renderer = this._renderer;
      if (!renderer._drawing || this._empty()) {
        return;
      }
      const { shape, colour, hollow } = this.options.symbol;
      const context = renderer._ctx;
      const path = paths[shape];
      const radius = this._radius;
      context.save();
      context.translate(this._point.x, this._point.y);
      context.scale(radius, radius);
      context.lineJoin = "round";
      context.strokeStyle = "#fff";
      context.lineWidth = 5 / radius;
      context.stroke(path);
      context.fillStyle = hollow ? "#fff" : colour;
      context.fill(path);
      context.strokeStyle = colour;
      context.lineWidth = 1.8 / radius;
      context.stroke(path);
      context.restore();
    },
  });

  const patterns = {};

  function hatching(context, colour) {
    if (!patterns[colour]) {
      const tile = document.createElement("canvas");
      tile.width = tile.height = 8;
      const pen = tile.getContext("2d");
      pen.strokeStyle = colour;
      pen.lineWidth = 1.2;
      pen.beginPath();
      [[-2, 2, 2, -2], [0, 8, 8, 0], [6, 10, 10, 6]].forEach(function ([x1, y1, x2, y2]) {
        pen.moveTo(x1, y1);
        pen.lineTo(x2, y2);
      });
      pen.stroke();
      patterns[colour] = context.createPattern(tile, "repeat");
    }
    return patterns[colour];
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
      context.fillStyle = hatching(context, options.hatch);
      context.fill("evenodd");
      plainly.call(this, context, { options: Object.assign({}, options, { fill: false }) });
    },
  });

  Object.assign(window.essgeo, { ShapeMarker: ShapeMarker, symbolOf: symbolOf });
})();
