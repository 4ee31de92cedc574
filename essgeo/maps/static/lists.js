// The same as the map, in words: search results, the list of structures, the table of IRIS.
(function () {
  "use strict";

  const { data, words, element, isolated, fill, number, percent, find, labelled } = window.essgeo;
  const RESULTS = 6;
  const STEP = 50;
  let listed = STEP;

  function results(rows, typed, open) {
    const list = find("results");
    list.replaceChildren();
    if (!typed) {
      return;
    }
    if (!rows.length) {
      list.append(element("li", { text: words.no_result }));
    }
    rows.slice(0, RESULTS).forEach(function (row) {
      const where = [row.city, row.located ? "" : words.not_located].filter(Boolean).join(", ");
      const content = [isolated(row.name), element("small", { text: " " + where })];
      list.append(
        element("li", {}, [
          row.located
            ? element("button", { type: "button", on: { click: (event) => open(row, event.currentTarget) } }, content)
            : element("span", {}, content),
        ])
      );
    });
  }

  function shower(row, open) {
    if (!row.located) {
      return element("span", { text: row.position });
    }
    return element("button", {
      type: "button",
      "aria-label": fill(words.show_on_map, { name: row.name }),
      text: words.show,
      on: { click: (event) => open(row, event.currentTarget) },
    });
  }

  function structures(rows, open) {
    const body = find("structure-rows");
    if (!body) {
      return;
    }
    body.replaceChildren();
    rows.slice(0, listed).forEach(function (row) {
      body.append(
        element("tr", {}, [
          element("th", { scope: "row" }, [isolated(row.name)]),
          element("td", { text: labelled("sectors", row.sectors) }),
          element("td", {}, [isolated([row.address, row.city].filter(Boolean).join(", "))]),
          element("td", { text: data.labels.status[row.status] || "" }),
          element("td", {}, [shower(row, open)]),
        ])
      );
    });
    const more = find("more");
    const left = rows.length - listed;
    more.hidden = left <= 0;
    more.textContent = fill(words.more, { count: number(Math.min(left, STEP)) });
    more.onclick = function () {
      const first = listed;
      listed += STEP;
      structures(rows, open);
      const next = body.rows[first] && body.rows[first].querySelector("button");
      (next || more).focus();
    };
  }

  function iris(theme) {
    const body = find("iris-rows");
    if (!body) {
      return;
    }
    const place = data.coverage.themes.indexOf(theme);
    find("iris-theme").textContent = data.labels.themes[theme];
    body.replaceChildren();
    data.layers.iris.features.map((feature) => feature.properties).forEach(function (properties) {
      const shares = data.coverage.shares[properties.id];
      body.append(
        element("tr", {}, [
          element("th", { scope: "row", text: properties.title }),
          element("td", { class: "figure", text: number(properties.population) }),
          element("td", { class: "figure", text: percent(shares && shares[place]) }),
        ])
      );
    });
  }

  function restart() {
    listed = STEP;
  }

  window.essgeo.lists = { results: results, structures: structures, iris: iris, restart: restart };
})();
