// The fill of the map: squares of residents, coloured by the share of their IRIS, lighter where that is not sure.
const Fill = (function () {
  const { data, words, element, fill: filled, find, get, percent } = Dom;
  const { summed } = Register;
  const { map, layers } = Layers;
  const { codes, shares, ends, classes, themes, cells } = data.coverage;
  const [UNSURE, UNKNOWN] = data.coverage.unsure;
  const METRES_A_DEGREE = 111195;
  const BINS = 20;
  map.createPane("residents").style.zIndex = "395";
  const renderer = L.canvas({ pane: "residents" });

  // As large as the part of its cell that its residents would fill.
  const latitude = summed(cells.latitude);
  const longitude = summed(cells.longitude);
  const squares = cells.people.map(function (people, place) {
    const [lat, lng] = [latitude[place] / 1e5, longitude[place] / 1e5];
    const half = (data.coverage.cell_m / 2 / METRES_A_DEGREE) * Math.sqrt(Math.min(people / cells.full, 1));
    const wide = half / Math.cos((lat * Math.PI) / 180);
    const bounds = L.latLngBounds([lat - half, lng - wide], [lat + half, lng + wide]);
    return L.rectangle(bounds, { renderer: renderer, interactive: false, fillOpacity: 1 });
  });
  const drawn = L.layerGroup(squares);

  function mixed(colour) {
    const parts = [1, 3, 5].map((start) => Math.round((parseInt(colour.slice(start, start + 2), 16) + 255) / 2));
    return "#" + parts.map((part) => part.toString(16).padStart(2, "0")).join("");
  }

  // How squares are drawn, and the swatches of the legend: from what is sure to what is not known.
  const STYLES = {
    sure: (colour) => ({ fill: true, fillColor: colour, stroke: true, color: "#86694a" }),
    unsure: (colour) => ({ fill: true, fillColor: mixed(colour), stroke: false }),
    unknown: () => ({ fill: false, stroke: true, color: "#a3a3ad" }),
    unmeasured: () => ({ fill: true, fillColor: "#d6d6dc", stroke: false }),
  };

  const classOf = (theme, share) => classes[theme].breaks.filter((bound) => share < bound).length;
  const colourOf = (theme, place) => data.colours[classes[theme].first + place];

  // What is known of an IRIS for a theme: its share, its class, and how sure they are.
  function knownOf(code, theme, measured) {
    const place = themes.indexOf(theme);
    const share = shares[code] ? shares[code][place] : null;
    if (share === null) {
      return { kind: "unmeasured" };
    }
    const [low, high] = ends[code][place];
    const width = low === null ? 0 : (high - low) / 100;
    const silent = !measured || !data.plot[theme];
    const kind = silent || width >= UNKNOWN ? "unknown" : width >= UNSURE ? "unsure" : "sure";
    return { kind: kind, share: share, silent: silent, of: classOf(theme, share) };
  }

  const styleOf = (theme, known) => STYLES[known.kind](known.kind === "unknown" ? "" : colourOf(theme, known.of));

  function svg(tag, attributes, children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    made.append(...(children || []));
    return made;
  }

  function box(style, place) {
    return svg("rect", {
      fill: style.fill ? style.fillColor : "none",
      stroke: style.stroke ? style.color : "none",
      "stroke-width": 0.8,
      ...place,
    });
  }

  function swatch(style) {
    const place = { x: 6, y: 1, width: 14, height: 14 };
    return svg("svg", { class: "swatch", viewBox: "0 0 26 16", "aria-hidden": "true" }, [box(style, place)]);
  }

  // Residents by the share of their IRIS: for each step of five points those who are sure, less sure, not known.
  function histogram(theme, living) {
    const steps = Array.from({ length: BINS }, () => ({ sure: 0, unsure: 0, unknown: 0 }));
    living.forEach(({ known, people }) => (steps[Math.min(Math.floor(BINS * known.share), BINS - 1)][known.kind] += people));
    const most = Math.max(...steps.map((step) => step.sure + step.unsure + step.unknown));
    const bars = steps.flatMap(function (step, place) {
      let top = 40;
      const of = classOf(theme, (place + 0.5) / BINS);
      return Object.keys(step).filter((kind) => step[kind]).map(function (kind) {
        const height = (36 * step[kind]) / most;
        top -= height;
        return box(styleOf(theme, { kind: kind, of: of }), { x: 10 * place + 1, y: top, width: 8, height: height });
      });
    });
    return [svg("line", { x1: 0, x2: 200, y1: 40.5, y2: 40.5, stroke: "#85858f" }), ...bars];
  }

  function legend(theme, measured) {
    const list = find("classes");
    if (!list) {
      return;
    }
    const inhabited = data.layers.iris.features.map(({ properties }) => properties).filter(({ population }) => population);
    const all = inhabited.map(({ id, population }) => ({ known: knownOf(id, theme, measured), people: population }));
    const living = all.filter(({ known }) => known.kind !== "unmeasured" && !known.silent);
    const everybody = living.reduce((sum, { people }) => sum + people, 0);
    const shareOf = (met) =>
      percent(living.filter(({ known }) => met(known)).reduce((sum, { people }) => sum + people, 0) / everybody);
    const part = (sentence, met) => filled(sentence, { share: shareOf(met) });
    const line = (style, text, share) =>
      element("li", {}, [swatch(style), element("span", {}, [text, element("small", { text: share && " (" + share + ")" })])]);
    const { breaks } = classes[theme];
    const each = living.map(({ known }) => known.share);
    const bounds = breaks.length ? [1, ...breaks, 0] : [Math.max(...each), Math.min(...each)];
    const darkest = colourOf(theme, bounds.length - 2);
    // Of each class those who are drawn in it, sure or not: with those not known, everybody.
    const said = bounds.slice(1).map(function (low, place) {
      const outer = place === 0 ? words.class_above : words.class_below;
      const text = filled(breaks.length && (place === 0 || low === 0) ? outer : words.class_between, {
        low: percent(low),
        high: percent(bounds[place]),
      });
      const here = ({ kind, of }) => of === place && kind !== "unknown";
      return line(STYLES.sure(colourOf(theme, place)), text, part(words.class_people, here));
    });
    const unsure = line(STYLES.unsure(darkest), words.class_unsure, part(words.class_of_these, ({ kind }) => kind === "unsure"));
    const unknown = line(STYLES.unknown(), words.class_unknown, part(words.class_people, ({ kind }) => kind === "unknown"));
    list.replaceChildren(
      ...(everybody ? [...said, unsure, unknown] : [line(STYLES.unknown(), words.class_silent, "")]),
      ...(all.some(({ known }) => known.kind === "unmeasured") ? [line(STYLES.unmeasured(), words.class_unmeasured, "")] : [])
    );
    const figure = get("figure", "histogram");
    figure.hidden = !everybody;
    figure.firstElementChild?.replaceChildren(...(everybody ? histogram(theme, living) : []));
  }

  // A map without IRIS has no theme to fill them with.
  function paint(theme, measured) {
    if (!themes.length) {
      return;
    }
    const styles = codes.map((code) => styleOf(theme, knownOf(code, theme, measured)));
    squares.forEach((square, place) => square.setStyle(styles[cells.iris[place]]));
    legend(theme, measured);
  }

  // Where squares are a few pixels wide, outlines would be all that is seen of them.
  function outline() {
    const weight = map.getZoom() < 12 ? 0.3 : 0.8;
    squares.filter((square) => square.options.weight !== weight).forEach((square) => square.setStyle({ weight: weight }));
  }

  map.on("zoomend", outline);
  layers.iris.on("add", () => drawn.addTo(map)).on("remove", () => drawn.remove());

  return { paint: paint, squares: squares };
})();
