// One state, one update: controls change the state, the map and the lists follow it. A page may leave any control out.
(function () {
  const { data, words, element, fill, isolated, number, find, get, percent } = Dom;
  const { FILTERS, register, everything, details, rowOf, matching, counts, offers, undated, today } = Register;
  const { structuresPopup, placePopup } = Popups;
  const { map, LAYER_NAMES, toggle, follow, under, still } = Layers;
  const { paint } = Fill;
  const { show, draw, placeOf, nearestTo, showReach } = Structures;
  const AT_ONE_PLACE = 10;
  /** @returns {any[]} */
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  /** @type {Record<string, HTMLInputElement>} */
  const boxes = Object.fromEntries(all("input[data-layer]").map((box) => [box.dataset.layer, box]));
  const initial = Object.keys(boxes).length
    ? LAYER_NAMES.filter((name) => boxes[name] && boxes[name].defaultChecked)
    : ["iris", "communes", "qpv", "neighbourhoods", "structures"];
  const months = new Intl.DateTimeFormat(data.lang, { month: "long", year: "numeric", timeZone: "UTC" });
  const state = {};
  let settled = false;
  let named = false;
  /** @type {HTMLElement | null} */
  let opener = null;

  function listen(name, event, handler) {
    const control = find(name);
    if (control) {
      control.addEventListener(event, handler);
    }
  }

  function setValue(name, value) {
    all(`#${name}`).forEach((control) => (control.value = value));
  }

  function openPopup(latlng, content, title, closed) {
    const popup = L.popup({ autoPan: false, minWidth: 0, maxWidth: 1000 }).setLatLng(latlng).setContent(content);
    popup.openOn(map);
    // A panel of the map on a desk, a sheet at its foot on a phone: it hides no more of the map than it must.
    const box = /** @type {HTMLElement} */ (popup.getElement());
    map.getContainer().append(box);
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-label", title);
    box.setAttribute("tabindex", "-1");
    box.querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", words.close);
    box.addEventListener("keydown", (event) => event.key === "Escape" && popup.remove());
    popup.on("remove", function () {
      if (closed) {
        closed();
      }
      if (box.contains(document.activeElement) || document.activeElement === document.body) {
        (opener && opener.isConnected ? opener : map.getContainer()).focus({ preventScroll: !opener });
      }
      opener = null;
    });
    return box;
  }

  // The structures of one place, as their texts arrive.
  function openStructures(rows) {
    return Promise.all(rows.slice(0, AT_ONE_PLACE).map(details)).then(function (told) {
      const box = openPopup(placeOf(rows[0]), structuresPopup(told, rows.length), told[0].name);
      state.structure = told[0].id;
      remember();
      return box;
    });
  }

  // From a list: the map goes to the structure and the focus follows.
  function goTo(row, from) {
    map.setView(placeOf(row.row), Math.max(map.getZoom(), 16), { animate: false });
    map.getContainer().scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
    opener = null;
    openStructures([row.row]).then(function (box) {
      opener = from;
      box.focus({ preventScroll: true });
    });
  }

  // The same for a site or premises, whose layer is shown.
  function goToSite(site, from) {
    if (!state.layers.includes("sites")) {
      state.layers = state.layers.concat("sites");
      applyLayers();
    }
    const properties = data.layers.sites.features.map((one) => one.properties).find((one) => one.id === site.id);
    map.setView(site.at, Math.max(map.getZoom(), 16), { animate: false });
    map.getContainer().scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
    opener = null;
    const box = openPopup(L.latLng(site.at), placePopup([["sites", properties]], state.theme), properties.title);
    opener = from;
    box.focus({ preventScroll: true });
    remember();
  }

  function openCluster({ rows, bounds }) {
    if (map.getZoom() >= map.getMaxZoom() || bounds.getNorthEast().equals(bounds.getSouthWest(), 1e-5)) {
      openStructures(rows);
    } else {
      map.fitBounds(bounds, { animate: !still, padding: [24, 24], maxZoom: map.getMaxZoom() });
    }
  }

  // From a place: what is nearest for each theme, the walks of the study around it, and the polygons that it lies in.
  // It has a title of its own where it was asked for by its name.
  function openPlace(latlng, focus, title = "") {
    const found = under(latlng);
    if (!found.length && !title) {
      return;
    }
    const nearest = nearestTo(latlng);
    Promise.all(nearest.map((one) => one && details(one.row))).then(function (told) {
      const answer = data.coverage.themes.map((theme, place) => [
        theme,
        told[place],
        nearest[place] && nearest[place].minutes,
      ]);
      const hide = showReach(latlng);
      const content = placePopup(found, state.theme, answer);
      content.prepend(title && element("h2", {}, [isolated(title)]));
      const box = openPopup(latlng, content, title || found[0][1].title, hide);
      if (focus) {
        opener = title ? Address.input : null;
        box.focus({ preventScroll: true });
      }
    });
  }

  function openPoint(event) {
    const properties = event.marker.feature.properties;
    openPopup(event.marker.getLatLng(), placePopup([[event.name, properties]], state.theme), properties.title);
  }

  function monthName(month) {
    return months.format(new Date(Date.UTC(Math.floor(month / 12), month % 12)));
  }

  function say(name, text) {
    all(`#${name}`).forEach((part) => (part.textContent = text));
  }

  function name() {
    say("count", words.loading);
    return everything().then(function () {
      named = true;
      update();
    });
  }

  function update() {
    if (state.q.trim() && !named) {
      name();
      return;
    }
    const rows = matching(state);
    const located = show(rows, state.date, state.theme);
    const asked = rows.filter((row) => offers(row, state.theme));
    Lists.results(rows, state.q.trim(), goTo, goToSite);
    Lists.structures(asked, goTo, named, name);
    const here = register.rows.length;
    const counted = {
      total: number(here),
      shown: number(located),
      unlocated: number(asked.length - located),
      hidden: number(here - rows.length),
    };
    const when = state.date === null ? "" : fill(words.count_at, { month: monthName(state.date) });
    const count = fill(state.theme === "all" ? words.count : words.count_theme, counted);
    ["count", "count-print"].forEach((place) => say(place, when + count));
    FILTERS.filter((name) => find("filter-" + name)).forEach(function (name) {
      const found = counts(state, name);
      Array.from(get("select", "filter-" + name).options).filter((option) => option.value).forEach(function (option) {
        const label = data.labels[name][option.value];
        option.textContent = label + " (" + number(found[option.value] || 0) + ")";
      });
    });
    remember();
  }

  function remember() {
    if (settled && find("permalink")) {
      Link.write(state);
    }
  }

  function applyLayers() {
    LAYER_NAMES.filter((name) => boxes[name] || initial.includes(name)).forEach(function (name) {
      toggle(name, state.layers.includes(name));
      if (boxes[name]) {
        boxes[name].checked = state.layers.includes(name);
      }
    });
  }

  // The sentence above the map, its figures, and the plot of intervals.
  function tell(theme) {
    const [title, detail] = data.headlines[theme];
    say("headline", title);
    say("detail", detail);
    say("plot-theme", data.labels.themes[theme]);
    const rows = data.plot[theme];
    all("#plot li").forEach(function (line, place) {
      const row = rows && rows[place];  // null where the streets given end before
      line.classList.toggle("silent", !row);
      if (!row) {
        line.querySelector(".value").replaceChildren(words.silent);
        return;
      }
      const [share, low, high] = row;
      const at = (value) => 100 * value + "%";
      const set = (part, values) =>
        Object.entries(values).forEach(([key, value]) => line.querySelector(part).setAttribute(key, at(value)));
      const whole = rows[rows.length - 1];
      if (whole) {
        set(".reference", { x1: whole[0], x2: whole[0] });
      }
      set(".range", { x1: low, x2: high });
      set(".mean", { cx: share });
      const ends = fill(words.interval, { low: percent(low), high: percent(high) });
      line.querySelector(".value").replaceChildren(
        element("strong", { text: percent(share) }), " ", element("small", { text: ends })
      );
    });
  }

  function setTheme(theme) {
    state.theme = theme;
    setValue("theme", theme);
    paint(theme, state.date === null);
    WhatIf.setTheme(theme);
    say("theme-print", data.labels.themes[theme] || "");
    Lists.iris(theme);
    if (data.headlines[theme]) {
      tell(theme);
    }
  }

  function setBackground(name) {
    state.background = name;
    all("input[name=background]").forEach((radio) => (radio.checked = radio.value === name));
    Background.choose(name);
  }

  // `month` is null on the day of the study.
  function setDate(month) {
    state.date = month;
    follow(month);
    paint(state.theme, month === null);
    const shown = monthName(month === null ? today : month);
    if (month !== null) {
      say("day", fill(words.count_at, { month: shown }).replace(/[\s:]+$/, ""));
    }
    setValue("date", month === null ? today : month);
    find("date")?.setAttribute("aria-valuetext", shown);
    say("date-month", shown);
    all("#date-reset").forEach((button) => (button.disabled = month === null));
  }

  function restore() {
    const view = Link.read();
    settled = false;
    Object.assign(state, view, { layers: view.layers || initial });
    if (view.position) {
      map.setView(view.position.centre, view.position.zoom, { animate: false });
    } else {
      map.fitBounds(data.bounds, { animate: false, padding: [8, 8] });
    }
    setValue("search", state.q);
    all("#closed").forEach((box) => (box.checked = state.closed));
    FILTERS.forEach((name) => setValue("filter-" + name, state[name]));
    if (state.closed || state.date !== null || FILTERS.some((name) => state[name])) {
      all("#filters").forEach((part) => (part.open = true));
    }
    applyLayers();
    state.date = view.date;
    const { themes } = data.coverage;
    setTheme(view.theme || (themes.includes(data.theme) ? data.theme : themes[0] || ""));
    setDate(view.date);
    WhatIf.open(view.cell);
    setBackground(view.background || Background.names[0]);
    update();
    if (view.structure) {
      everything().then(function () {
        const row = rowOf(view.structure);
        if (row >= 0 && row < register.located) {
          openStructures([row]);
        }
      });
    }
    settled = true;
  }

  // On paper the map has the width of the page, shows the same place, and its legend is open.
  function setPrinting(printing) {
    const seen = map.getBounds();
    settled = !printing;
    Lists.print(printing);
    update();
    all(".legend").forEach((part) => printing && part.setAttribute("open", ""));
    map.getContainer().classList.toggle("printing", printing);
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(seen, { animate: false });
  }

  function clear() {
    Object.assign(state, { q: "", closed: false }, Object.fromEntries(FILTERS.map((name) => [name, ""])));
    setValue("search", "");
    get("input", "closed").checked = false;
    FILTERS.forEach((name) => setValue("filter-" + name, ""));
    setDate(null);
    Lists.restart();
    update();
  }

  function copyLink() {
    Link.write(state);
    const copied = navigator.clipboard ? navigator.clipboard.writeText(window.location.href) : Promise.reject();
    copied.then(() => say("permalink-status", words.copied), () => say("permalink-status", words.copy_failed));
  }

  // A change of what is asked starts the list at its first page.
  function changes(apply) {
    return function (event) {
      apply(event.target);
      Lists.restart();
      update();
    };
  }

  function wire() {
    listen("search", "input", changes((field) => (state.q = field.value)));
    FILTERS.forEach((name) => listen("filter-" + name, "change", changes((field) => (state[name] = field.value))));
    listen("closed", "change", changes((box) => (state.closed = box.checked)));
    listen("date", "input", changes((slider) => setDate(Number(slider.value) === today ? null : Number(slider.value))));
    listen("date-reset", "click", function () {
      get("input", "date").focus();
      setDate(null);
      update();
    });
    listen("reset", "click", clear);
    Object.entries(boxes).forEach(([name, box]) =>
      box.addEventListener("change", function () {
        state.layers = LAYER_NAMES.filter((layer) => boxes[layer] && boxes[layer].checked);
        toggle(name, box.checked);
        draw();
        remember();
      })
    );
    listen("theme", "change", changes((choice) => setTheme(choice.value)));
    listen("save", "click", () => everything().then(() => Lists.save(matching(state).filter((row) => offers(row, state.theme)))));
    all("input[name=background]").forEach((radio) =>
      radio.addEventListener("change", function () {
        setBackground(radio.value);
        remember();
      })
    );
    listen("permalink", "click", copyLink);
    map.on("moveend", remember);
    map.on("click", (event) => WhatIf.place(event.latlng) || openPlace(event.latlng, false));
    map.on("essgeo:what-if", remember);
    map.on("essgeo:address", function (/** @type {any} */ { latlng, title }) {
      map.setView(latlng, Math.max(map.getZoom(), 15), { animate: false });
      map.getContainer().scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
      WhatIf.place(latlng) || openPlace(latlng, true, title);
    });
    map.on("popupclose", () => (state.structure = ""));
    map.on("essgeo:structures", (/** @type {any} */ event) => openStructures(event.rows));
    map.on("essgeo:cluster", (/** @type {any} */ event) => openCluster(event));
    map.on("essgeo:point", openPoint);
    map.getContainer().addEventListener("keydown", function (event) {
      if (event.key === "Enter" && event.target === map.getContainer()) {
        WhatIf.place(map.getCenter()) || openPlace(map.getCenter(), true);
      }
    });
    window.addEventListener("hashchange", () => window.location.hash.includes("map=") && restore());
    window.addEventListener("beforeprint", () => setPrinting(true));
    window.addEventListener("afterprint", () => setPrinting(false));
    if (window.matchMedia("(max-width: 56rem)").matches) {
      all("details[data-folds]").forEach((part) => part.removeAttribute("open"));
    }
    say("date-unknown", undated ? fill(words.date_unknown, { count: number(undated) }) : "");
  }

  wire();
  restore();
  // For the console, and for whoever tests a page.
  Object.assign(window, { essgeo: { ...Dom, ...Register, ...Layers, ...Fill, ...Structures, base: Base } });
  document.documentElement.dataset.ready = "map";
  (register.light ? name() : Promise.resolve()).then(() => (document.documentElement.dataset.ready = "names"));
})();
