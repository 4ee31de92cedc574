// The same as the map, in words: search results, the list of structures, the table of IRIS.
const Lists = (function () {

  const { data, words, element, isolated, fill, number, find, folded, get } = Dom;
  const { register, known, byName } = Register;
  const { labelled, shareAndEnds } = Popups;
  const RESULTS = 6;
  const PAGE = 50;
  const PRINTED = 1000;
  let page = 0;
  let onPaper = false;

  // Places and actors that are no structures, by name or SIRET.
  function others(typed) {
    const asked = folded(typed).split(/\s+/).filter(Boolean);
    return data.elsewhere.filter(function (one) {
      const said = folded([one.name, one.city, one.siret].filter(Boolean).join(" "));
      return asked.every((word) => said.includes(word));
    });
  }

  // Who tells it, without the page.
  function teller(source) {
    return source && source.replace(/^https?:\/\/(www\.)?/, "").split("/")[0];
  }

  function result(name, about, open) {
    const content = [isolated(name), element("small", { text: " " + about.filter(Boolean).join(", ") })];
    const on = open && { click: (event) => open(event.currentTarget) };
    return element("li", {}, [open ? element("button", { type: "button", on: on }, content) : element("span", {}, content)]);
  }

  function results(rows, typed, open, openSite) {
    const list = find("results");
    if (!list) {
      return;
    }
    list.replaceChildren();
    if (!typed) {
      return;
    }
    const more = others(typed);
    if (!rows.length && !more.length) {
      list.append(element("li", { text: words.no_result }));
    }
    rows.slice(0, RESULTS).map(known).forEach(function (row) {
      const about = [row.city, row.located ? "" : words.not_located, data.labels.status[row.status], row.located ? "" : teller(row.source)];
      list.append(result(row.name, about, row.located && ((from) => open(row, from))));
    });
    more.slice(0, RESULTS).forEach(function (one) {
      const about = [one.kind, one.city, one.at ? "" : words.not_located, one.state, teller(one.source)];
      list.append(result(one.name, about, one.at && ((from) => openSite(one, from))));
    });
  }

  function shower(row, open) {
    if (!row.located) {
      return element("span", { text: data.labels.geo_status[row.geo_status] });
    }
    return element("button", {
      type: "button",
      "aria-label": fill(words.show_on_map, { name: row.name }),
      text: words.show,
      on: { click: (event) => open(row, event.currentTarget) },
    });
  }

  function listed(row, open) {
    return element("tr", {}, [
      element("th", { scope: "row" }, [isolated(row.name)]),
      element("td", { text: labelled("sectors", row.sectors) }),
      element("td", {}, [isolated([row.address, row.city].filter(Boolean).join(", "))]),
      element("td", {}, [data.labels.status[row.status] || "", " ", element("small", {}, [isolated(teller(row.source))])]),
      element("td", {}, [shower(row, open)]),
    ]);
  }

  // One page of the list, by name; before the names are there, a button that asks for them.
  function structures(rows, open, named, ask) {
    const body = find("structure-rows");
    if (!body) {
      return;
    }
    const asking = get("button", "list-all");
    asking.hidden = named;
    asking.textContent = fill(words.list_all, { count: number(rows.length) });
    asking.onclick = ask;
    const size = onPaper ? PRINTED : PAGE;
    const pages = Math.max(1, Math.ceil(rows.length / size));
    const whole = named && rows.length <= PRINTED;
    get("p", "list-part").textContent = whole ? "" : fill(words.list_part, { count: number(rows.length) });
    get("nav", "pager").hidden = !named || pages === 1;
    if (!named) {
      body.replaceChildren();
      return;
    }
    const sorted = byName(rows);
    (function turn() {
      body.replaceChildren(...sorted.slice(page * size, (page + 1) * size).map((row) => listed(known(row), open)));
      get("span", "page-number").textContent = fill(words.page_number, { page: number(page + 1), pages: number(pages) });
      const turner = function (name, step, last) {
        const button = get("button", name);
        button.setAttribute("aria-disabled", String(page === last));
        button.onclick = function () {
          if (page !== last) {
            page += step;
            turn();
          }
        };
      };
      turner("previous", -1, 0);
      turner("next", 1, pages - 1);
    })();
  }

  function iris(theme) {
    const body = find("iris-rows");
    if (!body) {
      return;
    }
    get("span", "iris-theme").textContent = data.labels.themes[theme] || "";
    body.replaceChildren(
      ...data.layers.iris.features.map(function ({ properties }) {
        return element("tr", {}, [
          element("th", { scope: "row", text: properties.title }),
          element("td", { class: "figure", text: number(properties.population) }),
          element("td", { class: "figure", text: shareAndEnds(properties.id, theme) }),
        ]);
      })
    );
  }

  // What the filters and the theme leave, as a table for a spreadsheet: no cell begins like a formula.
  function save(rows) {
    const columns = ["id", "name", "address", "postcode", "city", "family", "sectors", "challenges", "status", "source"];
    const cell = function (value) {
      const text = [].concat(value === null ? "" : value).join("|");
      return '"' + (/^[=+\-@\t\r]/.test(text) ? "'" + text : text).replace(/"/g, '""') + '"';
    };
    const table = byName(rows).map(function (row) {
      const place = known(row);
      const where = place.located ? [register.longitude[row].toFixed(5), register.latitude[row].toFixed(5)] : ["", ""];
      return columns.map((name) => cell(place[name])).concat(where).join(",");
    });
    const text = "\ufeff" + [columns.concat("lon", "lat").join(",")].concat(table).join("\r\n") + "\r\n";
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    element("a", { href: address, download: "structures.csv" }).click();
    URL.revokeObjectURL(address);
  }

  function restart() {
    page = 0;
  }

  // On paper there is no next page: the list starts again, as long as it may be.
  function print(printing) {
    onPaper = printing;
    restart();
  }

  return { results: results, structures: structures, iris: iris, restart: restart, print: print, save: save };
})();
