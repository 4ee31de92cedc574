// The register of structures: columns turned into rows, searched and filtered.
(function () {
  "use strict";

  const { data, folded } = window.essgeo;
  const columns = Object.fromEntries(
    Object.entries(data.structures).map(([name, column]) => [
      name,
      Array.isArray(column) ? column : column.places.map((place) => column.values[place]),
    ])
  );
  const names = Object.keys(columns);

  const rows = columns.id.map(function (_, position) {
    const row = {};
    names.forEach((name) => (row[name] = columns[name][position]));
    row.located = row.latitude !== null;
    row.searched = folded([row.name, row.aliases, row.address, row.postcode, row.city].join(" "));
    return row;
  });

  const FILTERS = ["sectors", "challenges", "family", "roles", "support_stages"];

  function passes(row, name, wanted) {
    return !wanted || (Array.isArray(row[name]) ? row[name].includes(wanted) : row[name] === wanted);
  }

  // Rows that answer the search and every filter, but the one filter that is left out.
  function matching(state, leftOut) {
    const typed = folded(state.q).split(/\s+/).filter(Boolean);
    return rows.filter(
      (row) =>
        (row.counted || state.closed || !isGone(row)) &&
        typed.every((word) => row.searched.includes(word)) &&
        FILTERS.every((name) => name === leftOut || passes(row, name, state[name]))
    );
  }

  function isGone(row) {
    return row.status === "closed" || row.status === "moved";
  }

  // How many rows each choice of a filter would leave, the other filters being what they are.
  function counts(state, name) {
    const found = {};
    matching(state, name).forEach((row) =>
      [].concat(row[name]).forEach((code) => (found[code] = (found[code] || 0) + 1))
    );
    return found;
  }

  Object.assign(window.essgeo, {
    rows: rows,
    rowOf: (id) => rows.find((row) => row.id === id),
    FILTERS: FILTERS,
    matching: matching,
    counts: counts,
  });
})();
