// Background tiles. One picture is tried first, so that a page without a network asks once and not for every tile.
const Background = (function () {

  const { data, words, find } = Dom;
  const { map } = Layers;
  const source = data.background;
  /** @type {L.TileLayer | null} */
  let shown = null;
  let wanted = "none";

  /** @param {string} url */
  function trial(url) {
    const zoom = 11;
    const { x, y } = map.project(map.getCenter(), zoom).divideBy(256).floor();
    return L.Util.template(url, { x: x, y: y, z: zoom });
  }

  /** @param {string} name */
  function choose(name) {
    wanted = name;
    const status = find("background-status");
    const say = (text) => status && (status.textContent = text);
    say("");
    if (shown) {
      shown.remove();
      shown = null;
      Base.toggle(true);
    }
    if (!source || name === "none") {
      return;
    }
    const [url, attribution] = source;
    const failed = () => wanted === name && say(words.background_failed);
    if (navigator.onLine === false) {
      failed();
      return;
    }
    const picture = new Image();
    picture.onerror = failed;
    picture.onload = function () {
      if (wanted === name && !shown) {
        Base.toggle(false);
        shown = L.tileLayer(url, { attribution: attribution, maxZoom: 19, opacity: 0.75 }).addTo(map);
      }
    };
    picture.src = trial(url);
  }

  return { choose: choose, names: source ? ["tiles", "none"] : ["none"] };
})();
