// One state, one update: controls change the state, the map and the lists follow it.
(function () {
  "use strict";

  const { data, words, fill, number, find, map, link, lists, background, FILTERS, LAYER_NAMES } = window.essgeo;
  const { rowOf, matching, counts, markers, show, toggle, paint, under, still, structurePopup, placePopup } = window.essgeo;
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const boxes = Object.fromEntries(all("input[data-layer]").map((box) => [box.dataset.layer, box]));
  const initial = LAYER_NAMES.filter((name) => boxes[name] && boxes[name].defaultChecked);
  const state = {};
  let settled = false;
  let opener = null;

  function openPopup(latlng, content, title) {
    const popup = L.popup({ maxWidth: 320, maxHeight: 300, autoPanPadding: [16, 16] }).setLatLng(latlng).setContent(content);
    popup.openOn(map);
    const box = popup.getElement();
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-label", title);
    box.setAttribute("tabindex", "-1");
    const close = box.querySelector(".leaflet-popup-close-button");
    close.setAttribute("aria-label", words.close);
    box.addEventListener("keydown", (event) => event.key === "Escape" && popup.remove());
    popup.on("remove", function () {
      if (box.contains(document.activeElement) || document.activeElement === document.body) {
        (opener && opener.isConnected ? opener : map.getContainer()).focus({ preventScroll: !opener });
      }
      opener = null;
    });
    return box;
  }

  function openStructure(row) {
    const box = openPopup([row.latitude, row.longitude], structurePopup(row), row.name);
    state.structure = row.id;
    remember();
    return box;
  }

  // From a list: the map goes to the structure and the focus follows.
  function goTo(row, from) {
    map.setView([row.latitude, row.longitude], Math.max(map.getZoom(), 16), { animate: false });
    find("map").scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
    opener = null;
    const box = openStructure(row);
    opener = from;
    box.focus({ preventScroll: true });
  }

  function openPlace(latlng, focus) {
    const found = under(latlng);
    if (found.length) {
      const box = openPopup(latlng, placePopup(found, state.theme), found[0][1].title);
      if (focus) {
        box.focus({ preventScroll: true });
      }
    }
  }

  function openPoint(event) {
    const properties = event.marker.feature.properties;
    openPopup(event.marker.getLatLng(), placePopup([[event.name, properties]], state.theme), properties.title);
  }

  function update() {
    const rows = matching(state);
    const located = rows.filter((row) => row.located);
    show(rows);
    lists.results(rows, state.q.trim(), goTo);
    lists.structures(rows, goTo);
    find("count").textContent = fill(words.count, {
      shown: number(located.length),
      unlocated: number(rows.length - located.length),
      total: number(data.total),
    });
    FILTERS.forEach(function (name) {
      const found = counts(state, name);
      Array.from(find("filter-" + name).options).filter((option) => option.value).forEach(function (option) {
        const label = data.labels[name][option.value];
        option.textContent = label + " (" + number(found[option.value] || 0) + ")";
      });
    });
    remember();
  }

  function remember() {
    if (settled) {
      link.write(state);
    }
  }

  function applyLayers() {
    LAYER_NAMES.filter((name) => boxes[name]).forEach(function (name) {
      boxes[name].checked = state.layers.includes(name);
      toggle(name, boxes[name].checked);
    });
  }

  function setTheme(theme) {
    state.theme = theme;
    find("theme").value = theme;
    paint(theme);
    lists.iris(theme);
  }

  function setBackground(name) {
    state.background = name;
    all("input[name=background]").forEach((radio) => (radio.checked = radio.value === name));
    background.choose(name);
  }

  function restore() {
    const view = link.read();
    settled = false;
    Object.assign(state, view, { layers: view.layers || initial });
    if (view.position) {
      map.setView(view.position.centre, view.position.zoom, { animate: false });
    } else {
      map.fitBounds(data.bounds, { animate: false, padding: [8, 8] });
    }
    find("search").value = state.q;
    find("closed").checked = state.closed;
    FILTERS.forEach((name) => (find("filter-" + name).value = state[name]));
    applyLayers();
    setTheme(view.theme || data.coverage.themes[0]);
    setBackground(view.background || "ign");
    update();
    const row = rowOf(state.structure);
    if (row && row.located && markers.has(row.id)) {
      openStructure(row);
    }
    settled = true;
  }

  // On paper the map has the width of the page, shows the same place, and its legend is open.
  function setPrinting(printing) {
    const seen = map.getBounds();
    settled = !printing;
    all(".legend").forEach((part) => printing && part.setAttribute("open", ""));
    map.getContainer().classList.toggle("printing", printing);
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(seen, { animate: false });
  }

  function wire() {
    find("search").addEventListener("input", function () {
      state.q = find("search").value;
      lists.restart();
      update();
    });
    FILTERS.forEach((name) =>
      find("filter-" + name).addEventListener("change", function (event) {
        state[name] = event.target.value;
        lists.restart();
        update();
      })
    );
    find("closed").addEventListener("change", function (event) {
      state.closed = event.target.checked;
      update();
    });
    find("reset").addEventListener("click", function () {
      Object.assign(state, { q: "", closed: false }, Object.fromEntries(FILTERS.map((name) => [name, ""])));
      find("search").value = "";
      find("closed").checked = false;
      FILTERS.forEach((name) => (find("filter-" + name).value = ""));
      lists.restart();
      update();
    });
    Object.entries(boxes).forEach(([name, box]) =>
      box.addEventListener("change", function () {
        state.layers = LAYER_NAMES.filter((layer) => boxes[layer] && boxes[layer].checked);
        toggle(name, box.checked);
        remember();
      })
    );
    find("theme").addEventListener("change", function (event) {
      setTheme(event.target.value);
      remember();
    });
    all("input[name=background]").forEach((radio) =>
      radio.addEventListener("change", function () {
        setBackground(radio.value);
        remember();
      })
    );
    find("permalink").addEventListener("click", function () {
      link.write(state);
      const said = (text) => (find("permalink-status").textContent = text);
      const copied = navigator.clipboard ? navigator.clipboard.writeText(window.location.href) : Promise.reject();
      copied.then(() => said(words.copied), () => said(words.copy_failed));
    });
    map.on("moveend", remember);
    map.on("click", (event) => openPlace(event.latlng, false));
    map.on("popupclose", () => (state.structure = ""));
    map.on("essgeo:structure", (event) => openStructure(event.row));
    map.on("essgeo:point", openPoint);
    map.getContainer().addEventListener("keydown", function (event) {
      if (event.key === "Enter" && event.target === map.getContainer()) {
        openPlace(map.getCenter(), true);
      }
    });
    window.addEventListener("hashchange", () => window.location.hash.includes("map=") && restore());
    window.addEventListener("beforeprint", () => setPrinting(true));
    window.addEventListener("afterprint", () => setPrinting(false));
    if (window.matchMedia("(max-width: 56rem)").matches) {
      all("details[data-folds]").forEach((part) => part.removeAttribute("open"));
    }
  }

  wire();
  restore();
  document.documentElement.dataset.ready = "map";
})();
