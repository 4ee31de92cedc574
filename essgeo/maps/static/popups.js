// What a popup says of a structure, or of a place: every polygon that lies under it.
const Popups = (function () {

  const { data, words, element, isolated, linked, fill, number, percent } = Dom;

  function facts(pairs) {
    const list = element("dl", { class: "facts" });
    pairs.filter(([, value]) => value).forEach(function ([label, value]) {
      list.append(element("dt", { text: label }), element("dd", {}, [linked(value)]));
    });
    return list;
  }

  function labelled(vocabulary, codes) {
    return codes.map((code) => data.labels[vocabulary][code] || code).join(", ");
  }

  function period(row) {
    if (row.active_from && row.active_to) {
      return fill(words.period, { from: row.active_from, to: row.active_to });
    }
    return row.active_from
      ? fill(words.since, { from: row.active_from })
      : row.active_to && fill(words.until, { to: row.active_to });
  }

  function qpv(row) {
    if (!row.qpv) {
      return "";
    }
    const sentence = { in: words.qpv_in, undetermined: words.qpv_undetermined }[row.qpv_relation] || words.qpv_near;
    return fill(sentence, {
      name: row.qpv,
      vintage: row.qpv_vintage,
      probability: percent(row.qpv_probability === null ? null : row.qpv_probability / 1000),
      metres: number(row.qpv_distance),
    });
  }

  // A mail to who publishes the page, with what it is about filled in.
  function report(row) {
    const about = [row.name, row.id, row.address, row.city].filter(Boolean).join("\n");
    return "mailto:" + data.contact + "?subject=" + encodeURIComponent(row.name) + "&body=" + encodeURIComponent(about);
  }

  function structure(row) {
    const status = [data.labels.status[row.status], period(row), row.as_of && fill(words.as_of, { date: row.as_of })];
    const position = [
      data.labels.geo_status[row.geo_status],
      row.radius !== null && fill(words.within_metres, { metres: number(row.radius) }),
    ];
    return element("div", {}, [
      element("h2", {}, [isolated(row.name)]),
      element("p", { class: "where" }, [isolated([row.address, row.postcode, row.city].filter(Boolean).join(", "))]),
      facts([
        [words.sector, labelled("sectors", row.sectors)],
        [words.challenge, labelled("challenges", row.challenges)],
        [words.family, data.labels.family[row.family]],
        [words.role, labelled("roles", row.roles)],
        [words.stage, labelled("support_stages", row.support_stages)],
        [words.status, status.filter(Boolean).join(", ")],
        [words.position, position.filter(Boolean).join(", ")],
        [words.qpv, qpv(row)],
        ...Object.entries(data.facts).map(([name, label]) => [label, row[name]]),
      ]),
      data.contact && element("p", {}, [element("a", { href: report(row), text: words.report })]),
    ].filter(Boolean));
  }

  // Several structures at one place: the first ones whole, then how many more.
  function structures(rows, count) {
    return element("div", {}, [
      rows.length > 1 && element("p", { text: fill(words.cluster, { count: number(count) }) }),
      ...rows.map(structure),
      count > rows.length && element("p", { text: fill(words.and_more, { count: number(count - rows.length) }) }),
    ].filter(Boolean));
  }

  // The share of an IRIS with its interval, in words.
  function shareAndEnds(code, theme) {
    const place = data.coverage.themes.indexOf(theme);
    const share = data.coverage.shares[code] ? data.coverage.shares[code][place] : null;
    const [low, high] = share === null ? [null, null] : data.coverage.ends[code][place];
    const ends = low === null ? "" : fill(words.interval, { low: percent(low / 100), high: percent(high / 100) });
    return percent(share) + (ends && " (" + ends + ")");
  }

  function iris(properties, theme) {
    const listed = data.coverage.themes.map((code) => [code, shareAndEnds(properties.id, code)]);
    const chosen = listed.filter(([code]) => code === theme);
    const others = listed.filter(([code]) => code !== theme);
    const row = ([code, share]) => [data.labels.themes[code], share];
    return [
      facts([
        [words.population, number(properties.population)],
        [words.median_income, properties.income === null ? "" : number(properties.income) + "\u00a0€"],
      ]),
      element("p", { text: fill(words.coverage_legend, { minutes: data.minutes }) }),
      facts(chosen.map(row)),
      element("details", {}, [element("summary", { text: words.all_themes }), facts(others.map(row))]),
    ];
  }

  const walk = (minutes) =>
    minutes > 60 ? words.over_an_hour : fill(words.minutes, { value: number(Math.ceil(Number(minutes.toFixed(6)))) });

  // The nearest place of each theme from here, `nearest` as [theme, what is known of it or null, minutes].
  function fromHere(nearest, theme) {
    const row = ([code, told, minutes]) => [
      data.labels.themes[code],
      told ? [told.name, told.city, walk(minutes)].filter(Boolean).join(", ") : words.none_located,
    ];
    const others = nearest.filter(([code]) => code !== theme);
    return [
      element("h2", { text: words.from_here }),
      facts(nearest.filter(([code]) => code === theme).map(row)),
      element("details", {}, [element("summary", { text: words.all_themes }), facts(others.map(row))]),
      element("p", { class: "small", text: data.walk.note }),
    ];
  }

  // `found` holds [layer name, properties] of each polygon under the place.
  function place(found, theme, nearest) {
    return element(
      "div",
      {},
      (nearest ? fromHere(nearest, theme) : []).concat(found.flatMap(([name, properties]) =>
        [
          element("h2", {}, [element("small", { text: words["kind_" + name] + " " }), isolated(properties.title)]),
        ].concat(
          name === "iris" ? iris(properties, theme) : [facts(properties.rows)],
          properties.page && properties.id !== data.focus
            ? [element("p", {}, [element("a", { href: fill(data.page, { code: properties.page }), text: words.open_page })])]
            : []
        )
      ))
    );
  }

  return { structuresPopup: structures, placePopup: place, labelled: labelled, shareAndEnds: shareAndEnds };
})();
