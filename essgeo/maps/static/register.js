// The register of structures, by row: what the map and its filters need is here, names and addresses load in parts.
const Register = (function () {

  const { data, folded, load } = Dom;
  const { count, located, part, columns } = data.register;
  const rows = data.rows ? summed(data.rows) : Array.from({ length: count }, (_, row) => row);
  const FILTERS = ["sectors", "challenges", "family", "roles", "support_stages"];

  // Steps from one value to the next.
  /** @param {number[]} steps */
  function summed(steps) {
    let total = 0;
    return steps.map((step) => (total += step));
  }

  // One number a row for a character.
  const digits = new Uint8Array(128);
  Array.from(data.register.alphabet).forEach((character, place) => (digits[character.charCodeAt(0)] = place));

  /** @param {{ places?: any }} column @param {number} length */
  function placesOf(column, length) {
    if (!column.places) {
      return new Uint8Array(length);
    }
    return typeof column.places === "string"
      ? Uint8Array.from({ length: column.places.length }, (_, row) => digits[column.places.charCodeAt(row)])
      : Uint32Array.from(column.places);
  }

  /** @param {any} column @param {number} length @returns {Column} */
  function unpacked(column, length) {
    return Array.isArray(column)
      ? { values: column, places: Uint32Array.from(column.keys()) }
      : { values: column.values, places: placesOf(column, length) };
  }

  /** @type {Object<string, Column>} */
  const coded = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, unpacked(column, count)]));
  /** @param {string} name @param {number} row */
  const valueOf = (name, row) => coded[name].values[coded[name].places[row]];

  const latitude = summed(data.register.latitude).map((value) => value / 1e5);
  const longitude = summed(data.register.longitude).map((value) => value / 1e5);

  // The texts of a part.
  /** @type {any[]} */
  const parts = [];

  /** @param {number} place @returns {Promise<any>} */
  function loaded(place) {
    parts[place] = parts[place] || load("texts" + place, "texts-" + place + ".js").then(function (columns) {
      const texts = Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, unpacked(column, part)]));
      parts[place].texts = texts;
      return texts;
    });
    return parts[place];
  }

  const partCount = Math.ceil(count / part);
  const everything = () => Promise.all(Array.from({ length: partCount }, (_, place) => loaded(place)));

  // Everything known of a row. Its part must be there.
  /** @param {number} row @returns {any} */
  function known(row) {
    const texts = parts[Math.floor(row / part)].texts;
    const found = { row: row, located: row < located };
    Object.keys(coded).forEach((name) => (found[name] = valueOf(name, row)));
    Object.entries(texts).forEach(([name, column]) => (found[name] = column.values[column.places[row % part]]));
    return found;
  }

  /** @param {number} row */
  function details(row) {
    return loaded(Math.floor(row / part)).then(() => known(row));
  }

  /** @type {Map<number, string> | undefined} */
  let searched;

  // What a search looks into, once all names are there.
  function fold() {
    searched = searched || new Map(rows.map(function (row) {
      const { name, aliases, address, postcode, city } = known(row);
      return [row, folded([name, aliases, address, postcode, city].join(" "))];
    }));
    return searched;
  }

  /** @param {string} id */
  function rowOf(id) {
    for (let place = 0; place < partCount; place += 1) {
      const inside = parts[place] && parts[place].texts ? parts[place].texts.id.values.indexOf(id) : -1;
      if (inside >= 0) {
        return place * part + inside;
      }
    }
    return -1;
  }

  // Months since year 0 of each end of a period: 2024 begins in January and ends in December.
  /** @param {string | null} text @param {boolean} last */
  function monthOf(text, last) {
    const parts = /^(\d{4})(?:-(\d{2}))?/.exec(text || "");
    if (!parts) {
      return last ? Infinity : -Infinity;
    }
    return 12 * Number(parts[1]) + (parts[2] ? Number(parts[2]) - 1 : last ? 11 : 0);
  }

  const begins = coded.active_from.values.map((text) => monthOf(text, false));
  const ends = coded.active_to.values.map((text) => monthOf(text, true));
  const today = monthOf(data.day, false);
  /** @param {number} row */
  const isGone = (row) => ["closed", "moved"].includes(valueOf("status", row));
  /** @param {number} row @param {number | null} month */
  const hasBegun = (row, month) => begins[coded.active_from.places[row]] <= (month === null ? today : month);

  // On the day of the study a structure counts or not; at another month its dates say.
  /** @param {number} row @param {number | null} month */
  function isActive(row, month) {
    if (month === null) {
      return Boolean(valueOf("counted", row));
    }
    const end = ends[coded.active_to.places[row]];
    return hasBegun(row, month) && month <= end && !(isGone(row) && end === Infinity);
  }

  // Whether a structure offers the theme of the map: a sector, a challenge, or anything.
  const offering = new Map();

  /** @param {number} row @param {string} theme @returns {boolean} */
  function offers(row, theme) {
    if (theme === "all") {
      return true;
    }
    if (!offering.has(theme)) {
      offering.set(theme, ["sectors", "challenges"].map((name) => [coded[name].places, wantedPlaces(name, theme)]));
    }
    return offering.get(theme).some(([places, wanted]) => wanted[places[row]]);
  }

  /** @param {number} row */
  const isUndated = (row) => begins[coded.active_from.places[row]] === -Infinity && !isGone(row);

  /** @param {string} name @param {string} wanted @returns {boolean[]} */
  function wantedPlaces(name, wanted) {
    return coded[name].values.map((value) => !wanted || (Array.isArray(value) ? value.includes(wanted) : value === wanted));
  }

  // Rows that answer the search and every filter, but the one filter that is left out.
  /** @param {any} state @param {string} [leftOut] @returns {number[]} */
  function matching(state, leftOut) {
    const typed = folded(state.q).split(/\s+/).filter(Boolean);
    const texts = typed.length ? fold() : null;
    const asked = FILTERS.filter((name) => name !== leftOut && state[name]).map((name) => ({
      places: coded[name].places,
      wanted: wantedPlaces(name, state[name]),
    }));
    return rows.filter(
      (row) =>
        asked.every(({ places, wanted }) => wanted[places[row]]) &&
        (isActive(row, state.date) || (state.closed && hasBegun(row, state.date))) &&
        (!texts || typed.every((word) => texts.get(row)?.includes(word)))
    );
  }

  // How many rows each choice of a filter would leave, the other filters being what they are.
  /** @param {any} state @param {string} name */
  function counts(state, name) {
    const { places, values } = coded[name];
    const each = new Uint32Array(values.length);
    matching(state, name).forEach((row) => (each[places[row]] += 1));
    /** @type {Record<string, number>} */
    const found = {};
    values.forEach((value, place) => [value].flat().forEach((code) => (found[code] = (found[code] || 0) + each[place])));
    return found;
  }

  // Rows by name; all names must be there.
  /** @param {number[]} chosen */
  function byName(chosen) {
    const names = new Map(chosen.map((row) => [row, folded(known(row).name)]));
    return Array.from(chosen).sort((one, other) => (String(names.get(one)) < String(names.get(other)) ? -1 : 1));
  }

  return {
    FILTERS: FILTERS,
    summed: summed,
    register: { rows: rows, located: located, latitude: latitude, longitude: longitude, light: partCount <= 1 },
    valueOf: valueOf,
    isActive: isActive,
    today: today,
    monthOf: monthOf,
    offers: offers,
    isUndated: isUndated,
    undated: rows.filter(isUndated).length,
    everything: everything,
    details: details,
    known: known,
    rowOf: rowOf,
    matching: matching,
    counts: counts,
    byName: byName,
  };
})();
